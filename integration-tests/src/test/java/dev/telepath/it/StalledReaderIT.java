package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Intercepted;
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

/** Readers that stall behind writers that do not, both ways, every program under a 64 MiB heap. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class StalledReaderIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Intercepted all;
    private static Installation telepath;
    private static SampleService laptop;
    private static Running manager;
    private static Running agent;
    private static int web;

    @BeforeAll
    static void install() {
        all = Intercepted.start(VERTX, "64m");
        telepath = all.telepath();
        laptop = all.laptop();
        manager = all.manager();
        agent = all.agent();
        web = all.web();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
    }

    @AfterAll
    static void end() {
        all.close();
        VERTX.close();
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

    private static JsonNode status() {
        try {
            return new ObjectMapper()
                    .readTree(telepath.tp("status", "--output", "json").orFail().out());
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
