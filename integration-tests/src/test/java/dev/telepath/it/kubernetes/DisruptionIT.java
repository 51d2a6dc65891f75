package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.FaultProxy;
import io.fabric8.kubernetes.client.Config;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * What a cluster does to those that use it: pods go, the API server's connections are cut, a node is restarted, all in the
 * middle of transfers in which every byte is judged. One session and one intercept live through all of it, in order.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
@NullUnmarked
class DisruptionIT {
    private static final int STREAMS = 40;
    private static final Duration HEALED = Duration.ofMinutes(2);

    private InstalledProduct product;
    private ChecksummedServer laptop;
    private FaultProxy api;
    private String shop;
    private String session;
    private Way intercepted;

    @BeforeAll
    void install() throws Exception {
        product = InstalledProduct.here("disruption");
        laptop = ChecksummedServer.start();
        product.install();
        shop = product.namespace("shop");
        int port = product.reachable(shop, "web");
        String node = product.nodeAddress();
        intercepted = () -> new Socket(node, port);
        String kubeconfig = System.getenv("KUBECONFIG");
        URI server =
                URI.create(Config.fromKubeconfig(Path.of(kubeconfig).toFile()).getMasterUrl());
        api = FaultProxy.before(new InetSocketAddress(server.getHost(), server.getPort()));
        product.telepath()
                .tp(
                        "--config",
                        product.directly(direct()).toString(),
                        "connect",
                        "--kubeconfig",
                        kubeconfig,
                        "--manager-namespace",
                        product.home(),
                        "-n",
                        shop,
                        "--server",
                        "https://" + api.address(),
                        "--tls-server-name",
                        "kubernetes.default")
                .orFail();
        product.telepath()
                .tp("intercept", "web", "--port", laptop.port() + ":80")
                .orFail();
        session = session();
        await().atMost(HEALED)
                .until(() ->
                        product.status().at("/connection/direct/forwarded").asInt() == (direct().equals("on") ? 1 : 0));
        carriedAnew("before all");
    }

    @AfterAll
    void end() {
        if (product != null) {
            product.close();
        }
        if (api != null) {
            api.close();
        }
        if (laptop != null) {
            laptop.close();
        }
    }

    /** By which way streams of the intercept come: setting {@code stream.direct}. */
    String direct() {
        return "on";
    }

    private String session() {
        return product.status().path("connection").path("session_id").asText();
    }

    private interface Trouble {
        void happen() throws Exception;
    }

    /** Runs a load with the trouble in its middle. */
    private Report through(String what, Trouble trouble) throws Exception {
        try (var load = Checksummed.start(new Plan(STREAMS, 200_000, 200_000, 20_000, what.hashCode()), intercepted)) {
            // A connection that is made in an outage falls back to the workload; these are to be there before.
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> laptop.open() >= STREAMS && load.report().bytesReceived() > STREAMS * 20_000L);
            trouble.happen();
            Report report = awaited(load);
            System.out.println(what + ": " + report);
            return report;
        }
    }

    /** Says where the bytes are when they do not come. */
    private Report awaited(Checksummed load) {
        try {
            return load.await(HEALED);
        } catch (IllegalStateException stuck) {
            String pod = product.kubectl("-n", shop, "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")
                    .out();
            String agent = product.kubectl(
                            "get", "--raw", "/api/v1/namespaces/" + shop + "/pods/" + pod + ":9901/proxy/q/metrics")
                    .out()
                    .lines()
                    .filter(line -> line.startsWith("telepath_stream"))
                    .collect(Collectors.joining("\n"));
            throw new IllegalStateException(
                    stuck.getMessage() + "; local process: " + laptop.open() + " open, " + laptop.whole()
                            + " whole; tp: " + product.status().path("streams") + "\nagent:\n" + agent,
                    stuck);
        }
    }

    /** New connections end at the local process, by themselves, in the session and the intercept of before. */
    private void carriedAnew(String what) {
        await().atMost(HEALED).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
            assertThat(product.active()).isTrue();
            long whole = laptop.whole();
            try (var load = Checksummed.start(new Plan(4, 50_000, 50_000, 0, what.hashCode()), intercepted)) {
                Report report = load.await(Duration.ofSeconds(20));
                assertThat(report.whole()).as(what + ": " + report).isTrue();
            }
            await().atMost(Duration.ofSeconds(5)).until(() -> laptop.whole() == whole + 4);
        });
        assertThat(session()).isEqualTo(session);
    }

    private void deletePods(String where, String label) {
        product.kubectl("-n", where, "delete", "pod", "-l", label, "--wait=false")
                .orFail();
    }

    @Test
    @Order(1)
    void transfersGoOnWhenTheManagersPodIsDeleted() throws Exception {
        Report report = through(
                "manager's pod deleted", () -> deletePods(product.home(), "app.kubernetes.io/component=manager"));
        assertThat(report.whole()).as(report.toString()).isTrue();
        carriedAnew("after another manager came");
    }

    @Test
    @Order(2)
    void transfersGoOnWhenTheConnectionThroughTheApiServerIsCut() throws Exception {
        Report report = through("port-forward cut", () -> api.cut(Cut.RESET));
        assertThat(report.whole()).as(report.toString()).isTrue();
        carriedAnew("after the cut");
    }

    @Test
    @Order(3)
    void transfersThroughAPodThatIsDeletedAreResetAndTheNextPodTakesTheInterceptOver() throws Exception {
        long mismatches = laptop.mismatches();
        long began = System.nanoTime();
        Report report = through("agent's pod deleted", () -> deletePods(shop, "app=web"));
        assertThat(report.resets()).as(report.toString()).isEqualTo(STREAMS);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(60));
        // Told to the local process too, which would wait for ever otherwise.
        await().atMost(Duration.ofSeconds(30)).until(() -> laptop.open() == 0);
        assertThat(laptop.mismatches()).isEqualTo(mismatches);
        carriedAnew("after another pod came");
    }

    @Test
    @Order(4)
    void transfersGoOnWhenTheNodesKubeletIsKilled() throws Exception {
        Report report = through("kubelet killed", () -> node("restart", product.node("metadata.name"), "kubelet"));
        assertThat(report.whole()).as(report.toString()).isTrue();
        carriedAnew("after the kubelet came back");
    }

    @Test
    @Order(5)
    void allComesBackByItselfWhenTheNodeIsRestarted() throws Exception {
        String name = product.node("metadata.name");
        node("kill", name);
        node("start", name);
        carriedAnew("after the node was restarted");
    }

    private void node(String... arguments) {
        Path tool = Path.of(System.getenv("TELEPATH_CLUSTER_TOOLS"), "node").toAbsolutePath();
        assumeTrue(Files.isExecutable(tool), "skipped: no node in TELEPATH_CLUSTER_TOOLS, which fails nodes");
        var command = new ArrayList<>(List.of(tool.toString()));
        command.addAll(List.of(arguments));
        product.telepath().runCommand(command, Map.of(), Duration.ofMinutes(1)).orFail();
    }
}
