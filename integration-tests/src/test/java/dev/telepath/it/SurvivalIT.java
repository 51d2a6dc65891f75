package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Running;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Open connections through networks and programs that fail: 200 streams each moving data both ways, every byte judged
 * where it arrives. None may be reset, none may lose, double or reorder a byte.
 */
@Timeout(240)
class SurvivalIT {
    private static final int STREAMS = 200;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static Installation telepath;
    private static ChecksummedServer workload;
    private static ChecksummedServer laptop;
    private static FaultProxy atAgent;
    private static FaultProxy atClient;
    private static Running agent;
    private static int web;
    private static int socks;
    private static long daemon;

    @BeforeAll
    static void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = ChecksummedServer.start();
        laptop = ChecksummedServer.start();
        atAgent = FaultProxy.before(telepath.managerPort());
        atClient = FaultProxy.before(telepath.managerPort());
        telepath.through(atAgent.address(), atClient.address());
        agent = telepath.startAgent("web", workload.port());
        web = agent.port("port-http");
        telepath.connect().orFail();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        JsonNode status = status();
        socks = Integer.parseInt(status.path("proxy").path("address").asText().replaceAll(".*:", ""));
        daemon = status.path("daemon").path("pid").asLong();
        // What is tested is not how long three cold programs take to open what is to be open at once.
        for (Way way : new Way[] {outbound(), intercepted()}) {
            try (var load = Checksummed.start(new Plan(STREAMS, 20_000, 20_000, 0, 1), way)) {
                assertThat(load.await(Duration.ofSeconds(120)).whole()).isTrue();
            }
        }
    }

    @AfterAll
    static void end() {
        telepath.close();
        atAgent.close();
        atClient.close();
        workload.close();
        laptop.close();
    }

    private static JsonNode status() throws Exception {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    private interface Trouble {
        void happen() throws Exception;
    }

    private static void survived(String what, Way way, Trouble trouble) throws Exception {
        long before = laptop.broken() + workload.broken();
        // About eight seconds, so that the fault comes in the middle.
        try (var load = Checksummed.start(new Plan(STREAMS, 200_000, 200_000, 25_000, what.hashCode()), way)) {
            // All are open: what becomes of one that is opened in an outage is tested elsewhere.
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> laptop.open() + workload.open() >= STREAMS
                            && load.report().bytesReceived() > STREAMS * 20_000L);
            trouble.happen();
            load.mark();
            Report report = load.await(Duration.ofSeconds(150));
            assertThat(report.whole()).as(what + ": " + report).isTrue();
            long[] first = load.firstBytesAfterMark();
            Arrays.sort(first);
            System.out.printf(
                    "%s: %d streams whole, longest pause %d ms, first byte after the fault p50 %d ms p99 %d ms%n",
                    what,
                    report.done(),
                    report.longestPause().toMillis(),
                    first.length == 0 ? -1 : first[first.length / 2] / 1_000_000,
                    first.length == 0 ? -1 : first[(int) (first.length * 0.99)] / 1_000_000);
        }
        assertThat(laptop.broken() + workload.broken()).isEqualTo(before);
    }

    private static Way intercepted() {
        return Way.to(web);
    }

    private static Way outbound() {
        return Way.throughSocks(socks, "127.0.0.1", workload.port());
    }

    private static void restartManager() {
        telepath.manager().kill();
        telepath.startManager();
    }

    @Test
    void interceptedStreamsSurviveAManagerThatIsKilledAndReplaced() throws Exception {
        survived("manager killed and replaced, intercepted", intercepted(), SurvivalIT::restartManager);
    }

    @Test
    void outboundStreamsThroughAnAgentSurviveAManagerThatIsKilledAndReplaced() throws Exception {
        survived("manager killed and replaced, outbound", outbound(), SurvivalIT::restartManager);
    }

    @Test
    void streamsSurviveACutOfTheClient() throws Exception {
        survived("client cut by RST", intercepted(), () -> atClient.cut(Cut.RESET));
    }

    @Test
    void streamsSurviveACutOfTheAgent() throws Exception {
        survived("agent cut by FIN", intercepted(), () -> atAgent.cut(Cut.FINISH));
    }

    @Test
    void streamsSurviveAnOutageOfFiveSecondsOfTheClient() throws Exception {
        survived(
                "client away for 5 s",
                intercepted(),
                () -> atClient.outage(Duration.ofSeconds(5)).join());
    }

    @Test
    void outboundStreamsSurviveShortOutagesOneAfterTheOther() throws Exception {
        survived("0.1 s outages of client and agent", outbound(), () -> {
            atClient.outage(Duration.ofMillis(100)).join();
            atAgent.outage(Duration.ofMillis(100)).join();
        });
    }

    @Test
    void streamsSurviveAManagerThatIsToldToEnd() throws Exception {
        survived("manager ended by SIGTERM and replaced", intercepted(), () -> {
            telepath.manager().stop();
            telepath.startManager();
        });
    }

    @Test
    void streamsSurviveAConnectionThatIsDeadThoughTcpLives() throws Exception {
        survived("client blackholed until it is found", intercepted(), () -> {
            atClient.apply(new Fault.Blackhole());
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            !status().path("connection").path("state").asText().equals("attached"));
            atClient.cut(Cut.RESET);
            atClient.pass();
        });
    }

    @Test
    void streamsSurviveAPauseOfEachProgram() throws Exception {
        survived("manager, agent and daemon stopped for 2 s each", outbound(), () -> {
            for (long pid : new long[] {telepath.manager().pid(), agent.pid(), daemon}) {
                signal("STOP", pid);
                CompletableFuture.runAsync(() -> {}, CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS))
                        .join();
                signal("CONT", pid);
            }
        });
    }

    @Test
    void streamsSurviveAnOutageOfAMinuteOfTheAgent() throws Exception {
        survived(
                "agent away for 60 s",
                intercepted(),
                () -> atAgent.outage(Duration.ofSeconds(60)).join());
    }

    private static void signal(String name, long pid) throws Exception {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor();
    }
}
