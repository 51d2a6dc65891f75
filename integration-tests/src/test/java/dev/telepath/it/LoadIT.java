package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Intercepted;
import dev.telepath.harness.Load;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Running;
import io.vertx.core.Vertx;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** Many connections and many streams through an intercept. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(600)
class LoadIT {
    private static final Vertx VERTX = Vertx.vertx();
    private static Intercepted all;
    private static Installation telepath;
    private static Running manager;
    private static Running agent;
    private static int web;

    @BeforeAll
    static void install() {
        all = Intercepted.start(VERTX, "192m");
        telepath = all.telepath();
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
