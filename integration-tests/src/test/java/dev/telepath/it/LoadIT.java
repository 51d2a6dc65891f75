package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Load;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Many connections, many streams and slow readers through an intercept, every program under a 64 MiB heap. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class LoadIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService workload;
    private static SampleService laptop;
    private static Running manager;
    private static Running agent;
    private static int web;

    @BeforeAll
    static void install() {
        telepath = Installation.temporary().init().heap("64m");
        manager = telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        laptop = SampleService.start(VERTX, "laptop", 0);
        agent = telepath.startAgent("web", workload.port());
        web = agent.port("port-http");
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
    }

    @AfterAll
    static void end() {
        telepath.close();
        workload.close();
        laptop.close();
        VERTX.close();
    }

    private static void holds(Load.Report report) {
        System.out.println(report);
        assertThat(report.failed()).as(report.toString()).isZero();
        assertThat(report.nanos()).hasSize(report.requests());
    }

    @Test
    @Order(1)
    void aThousandKeptAliveConnectionsLoseNothing() {
        holds(Load.http1(web, 1000, 5, true, "hello from laptop"));
    }

    @Test
    @Order(2)
    void aThousandConnectionsWithOneRequestEachLoseNothing() {
        holds(Load.http1(web, 1000, 3, false, "hello from laptop"));
    }

    @Test
    @Order(3)
    void aThousandHttp2StreamsOfOneConnectionLoseNothing() {
        holds(Load.http2(VERTX, web, 1000, "of laptop"));
    }

    @Test
    @Order(4)
    void aBrowserLikeBurstOfAThousandSmallFilesLosesNothing() {
        for (int burst = 0; burst < 3; burst++) {
            holds(Load.http2(VERTX, web, 1000, "of laptop"));
        }
        holds(Load.http1(web, 6, 170, true, "hello from laptop"));
    }

    @Test
    @Order(5)
    void aSlowReaderOfAGibibyteCostsNoProgramMoreThanItsWindows() throws Exception {
        var sent = new AtomicLong();
        try (var source = new ServerSocket(0)) {
            telepath.tp("leave", "web").orFail();
            telepath.tp("intercept", "web", "--port", source.getLocalPort() + ":http")
                    .orFail();
            Thread.ofVirtual().start(() -> writeForEver(source, sent));
            long managerBefore = Metrics.residentKib(manager.pid());
            long agentBefore = Metrics.residentKib(agent.pid());
            try (Socket reader = slowReader()) {
                // Stalled: the writer stops.
                await().atMost(Duration.ofSeconds(30)).until(() -> {
                    long before = sent.get();
                    Metrics.get("http://127.0.0.1:" + agent.announced("http-port") + "/q/health/live");
                    return before > 0 && sent.get() == before;
                });
                assertThat(sent.get()).isLessThan(64L * 1024 * 1024);
                // Then a gibibyte at the reader's pace.
                InputStream in = reader.getInputStream();
                byte[] buffer = new byte[64 * 1024];
                long read = 0;
                while (read < 1L << 30) {
                    int n = in.read(buffer);
                    assertThat(n).isPositive();
                    read += n;
                }
            }
            // 64 MiB of heap is the bound; what is not heap (code, direct buffers) gets as much again.
            assertThat(Metrics.residentKib(manager.pid()) - managerBefore).isLessThan(128 * 1024);
            assertThat(Metrics.residentKib(agent.pid()) - agentBefore).isLessThan(128 * 1024);
            assertThat(manager.isAlive()).isTrue();
            assertThat(agent.isAlive()).isTrue();
        } finally {
            telepath.tp("leave", "web");
            telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        }
    }

    @Test
    @Order(6)
    void aLocalProcessThatReadsNothingStopsTheCallersThatSendToIt() throws Exception {
        try (var stalled = new ServerSocket(0)) {
            telepath.tp("leave", "web").orFail();
            telepath.tp("intercept", "web", "--port", stalled.getLocalPort() + ":http")
                    .orFail();
            long tp = status().path("daemon").path("pid").asLong();
            long before =
                    Metrics.residentKib(manager.pid()) + Metrics.residentKib(agent.pid()) + Metrics.residentKib(tp);
            var sent = new AtomicLong();
            try (Socket caller = new Socket("127.0.0.1", web)) {
                Thread.ofVirtual().start(() -> {
                    byte[] chunk = new byte[64 * 1024];
                    try {
                        while (true) {
                            caller.getOutputStream().write(chunk);
                            sent.addAndGet(chunk.length);
                        }
                    } catch (java.io.IOException closed) {
                        // The test is over.
                    }
                });
                await().atMost(Duration.ofSeconds(30))
                        .pollInterval(Duration.ofMillis(500))
                        .until(new java.util.concurrent.Callable<Boolean>() {
                            private long last = -1;

                            @Override
                            public Boolean call() {
                                long now = sent.get();
                                boolean still = now > 0 && now == last;
                                last = now;
                                return still;
                            }
                        });
                assertThat(sent.get()).isLessThan(64L * 1024 * 1024);
                long after =
                        Metrics.residentKib(manager.pid()) + Metrics.residentKib(agent.pid()) + Metrics.residentKib(tp);
                assertThat(after - before).as("KiB more in the three programs").isLessThan(96 * 1024);
            }
        } finally {
            telepath.tp("leave", "web");
            telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        }
    }

    private static Socket slowReader() throws Exception {
        Socket socket = new Socket("127.0.0.1", web);
        socket.getOutputStream().write('x');
        return socket;
    }

    private static void writeForEver(ServerSocket source, AtomicLong sent) {
        try {
            while (true) {
                Socket accepted = source.accept();
                Thread.ofVirtual().start(() -> {
                    byte[] chunk = new byte[64 * 1024];
                    try (accepted) {
                        while (true) {
                            accepted.getOutputStream().write(chunk);
                            sent.addAndGet(chunk.length);
                        }
                    } catch (java.io.IOException ended) {
                        // The reader has had enough.
                    }
                });
            }
        } catch (java.io.IOException closed) {
            // The test is over.
        }
    }

    @Test
    @Order(7)
    void afterAHundredThousandStreamsEverythingIsBackAtItsLevel() {
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        Load.http1(web, 200, 10, false, "hello from laptop");
        Levels before = Levels.settled();
        for (int round = 0; round < 10; round++) {
            Load.Report report = Load.http1(web, 200, 50, false, "hello from laptop");
            System.out.println(report);
            assertThat(report.failed()).as(report.toString()).isZero();
        }
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            Levels after = Levels.now();
            assertThat(after.managerStreams()).isEqualTo(before.managerStreams());
            assertThat(after.agentStreams()).isEqualTo(before.agentStreams());
            assertThat(after.tpStreams()).isEqualTo(before.tpStreams());
            assertThat(after.creditInUse()).isZero();
            assertThat(after.tpDescriptors()).isLessThanOrEqualTo(before.tpDescriptors() + 8);
            assertThat(after.tpThreads()).isLessThanOrEqualTo(before.tpThreads() + 8);
            assertThat(after.managerDescriptors()).isLessThanOrEqualTo(before.managerDescriptors() + 8);
            assertThat(after.agentDescriptors()).isLessThanOrEqualTo(before.agentDescriptors() + 8);
            assertThat(after.managerThreads()).isLessThanOrEqualTo(before.managerThreads() + 8);
            assertThat(after.agentThreads()).isLessThanOrEqualTo(before.agentThreads() + 8);
        });
    }

    private record Levels(
            double managerStreams,
            double agentStreams,
            double tpStreams,
            double creditInUse,
            long managerDescriptors,
            long agentDescriptors,
            long tpDescriptors,
            long managerThreads,
            long agentThreads,
            long tpThreads) {
        static Levels now() {
            var ofManager = Metrics.scrape("https://" + telepath.managerAddress());
            var ofAgent = Metrics.scrape("http://127.0.0.1:" + agent.announced("http-port"));
            JsonNode ofTp = status();
            long tp = ofTp.path("daemon").path("pid").asLong();
            return new Levels(
                    Metrics.sum(ofManager, "telepath_streams_open"),
                    Metrics.sum(ofAgent, "telepath_streams_open"),
                    number(ofTp, "telepath_streams_open"),
                    Metrics.sum(ofManager, "telepath_credit_in_use_bytes")
                            + Metrics.sum(ofAgent, "telepath_credit_in_use_bytes")
                            + number(ofTp, "telepath_credit_in_use_bytes"),
                    Metrics.descriptors(manager.pid()),
                    Metrics.descriptors(agent.pid()),
                    Metrics.descriptors(tp),
                    Metrics.threads(manager.pid()),
                    Metrics.threads(agent.pid()),
                    Metrics.threads(tp));
        }

        private static double number(JsonNode status, String metric) {
            JsonNode value = status.path("metrics").path(metric);
            assertThat(value.isNumber())
                    .as("tp status has " + metric + ": " + status)
                    .isTrue();
            return value.asDouble();
        }

        static Levels settled() {
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                Levels levels = now();
                assertThat(levels.managerStreams()).isZero();
                assertThat(levels.agentStreams()).isZero();
                assertThat(levels.tpStreams()).isZero();
            });
            return now();
        }
    }

    private static JsonNode status() {
        try {
            return new ObjectMapper()
                    .readTree(telepath.tp("status", "--output", "json").orFail().out());
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
