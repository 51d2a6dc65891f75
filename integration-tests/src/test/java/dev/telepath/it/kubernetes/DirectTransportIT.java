package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.harness.Checksummed;
import dev.telepath.harness.Checksummed.Plan;
import dev.telepath.harness.Checksummed.Report;
import dev.telepath.harness.Checksummed.Way;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.FarServices;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.Result;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.Fault;
import dev.telepath.harness.fault.FaultProxy;
import io.fabric8.kubernetes.client.Config;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** {@code tp} by kubeconfig where the manager answers at an address of its own: a node's port, or its pod's by a route of the laptop; and agents too. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
@NullUnmarked
class DirectTransportIT {
    private static final int STREAMS = 20;
    private static final Duration HEALED = Duration.ofMinutes(2);
    /** The network of the cluster's machines, this one's link to it, and where in it no node is. */
    private static final String MACHINES = "10.201.0.";

    private static final String SWITCH = "kc0";
    private static final String LAPTOP = MACHINES + "250/24";

    private InstalledProduct product;
    private String shop;
    private String node;
    private int managerPort;
    private int webPort;

    @BeforeAll
    void install() {
        product = InstalledProduct.here("direct");
        product.install();
        shop = product.namespace("shop");
        webPort = product.reachable(shop, "web");
        node = product.nodeAddress();
        home(
                "expose",
                "service",
                "telepath-manager",
                "--name=direct",
                "--type=NodePort",
                "--port=8443",
                "--target-port=api");
        managerPort = product.nodePort(product.home(), "direct");
    }

    /** Of kubectl, in the manager's namespace. */
    private String home(String... arguments) {
        List<String> line = new ArrayList<>(List.of("-n", product.home()));
        line.addAll(List.of(arguments));
        return product.kubectl(line.toArray(String[]::new)).orFail().out();
    }

    @AfterEach
    void quit() {
        product.telepath().on(List.of(), List.of(), "127.0.0.1");
        product.telepath().tp("quit", "-s");
    }

    @AfterAll
    void uninstall() {
        if (product != null) {
            product.close();
        }
    }

    private Result connect(String... more) {
        return connectWith("on", more);
    }

    /**
     * @param direct as setting {@code stream.direct}
     */
    private Result connectWith(String direct, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("--config", product.directly(direct).toString(), "connect"));
        arguments.addAll(List.of("--kubeconfig", System.getenv("KUBECONFIG")));
        arguments.addAll(List.of("--manager-namespace", product.home(), "--namespace", shop));
        arguments.addAll(List.of(more));
        return product.telepath().tp(arguments.toArray(String[]::new));
    }

    private JsonNode connection() {
        return product.status().path("connection");
    }

    private void awaitTransport(String expected, String to) {
        await().atMost(HEALED).pollInterval(Duration.ofMillis(300)).untilAsserted(() -> {
            JsonNode connection = connection();
            assertThat(connection.path("state").asText()).isEqualTo("attached");
            assertThat(connection.path("transport").asText() + " "
                            + connection.path("transport_to").asText())
                    .isEqualTo(expected + " " + to);
        });
    }

    /** Without the right to forward ports, which some clusters give nobody. */
    private Path withoutForwarding() {
        Path user = product.user("straight", shop, shop);
        home("delete", "rolebinding", "straight");
        home("create", "role", "reads", "--verb=get,list", "--resource=configmaps,pods");
        String tokens = "--resource=serviceaccounts/token";
        home("create", "role", "comes", "--verb=create", tokens, "--resource-name=telepath-client");
        for (String role : List.of("reads", "comes")) {
            home("create", "rolebinding", role, "--role=" + role, "--serviceaccount=" + shop + ":straight");
        }
        return user;
    }

    @Test
    void aManagerAtAConfiguredAddressIsReachedStraightAlsoByWhoMayNotForwardPorts() {
        Path user = withoutForwarding();
        String[] way = {"connect", "--kubeconfig", user.toString(), "--manager-namespace", product.home()};
        assertThat(product.telepath().tp(way).exit()).isEqualTo(5);
        String at = node + ":" + managerPort;
        List<String> straight = new ArrayList<>(List.of(way));
        straight.addAll(List.of("--transport", at));
        product.telepath().tp(straight.toArray(String[]::new)).orFail();
        awaitTransport("direct", at);
        assertThat(product.telepath().tp("status").out()).contains("straight to " + at);
        // Nor to the pods of workloads: what they send comes by the manager.
        try (var laptop = ChecksummedServer.start()) {
            product.telepath()
                    .tp("intercept", "web", "--port", laptop.port() + ":80")
                    .orFail();
            await().atMost(HEALED).until(() -> connection().at("/direct/agents").asInt() == 1);
            try (var load = Checksummed.start(
                    new Plan(STREAMS, 100_000, 100_000, 50_000, 3), () -> new Socket(node, webPort))) {
                Report report = load.await(HEALED);
                assertThat(report.whole()).as(report.toString()).isTrue();
            }
            assertThat(laptop.whole()).isEqualTo(STREAMS);
            assertThat(connection().at("/direct/connected").asInt()).isZero();
            leave();
        }
    }

    /** As most laptops: streams lose their connection to the pod, the manager, and both, and are whole. */
    @Test
    void withoutAWayToPodsWhatIsInterceptedComesByAPortForwardToThePodAlsoWhileThereIsNoManager() throws Exception {
        URI server = URI.create(
                Config.fromKubeconfig(Path.of(System.getenv("KUBECONFIG")).toFile())
                        .getMasterUrl());
        try (var api = FaultProxy.before(new InetSocketAddress(server.getHost(), server.getPort()));
                var laptop = ChecksummedServer.start()) {
            connect("--server", "https://" + api.address(), "--tls-server-name", "kubernetes.default")
                    .orFail();
            awaitTransport("port-forward", "telepath-manager-0");
            product.telepath()
                    .tp("intercept", "web", "--port", laptop.port() + ":80")
                    .orFail();
            awaitForwarded(1);
            assertThat(product.telepath().tp("status").out()).contains("1 of 1 agents, through the API server");
            Way callers = () -> new Socket(node, webPort);
            try (var load = Checksummed.start(new Plan(STREAMS, 600_000, 600_000, 20_000, 11), callers)) {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> laptop.open() >= STREAMS && load.report().bytesReceived() > STREAMS * 20_000L);
                api.cut(Cut.RESET);
                awaitForwarded(1);
                home("scale", "statefulset", "telepath-manager", "--replicas=0");
                home("wait", "pod", "telepath-manager-0", "--for=delete", "--timeout=90s");
                await().atMost(HEALED)
                        .until(() -> !connection().path("state").asText().equals("attached"));
                try (var more = Checksummed.start(new Plan(STREAMS, 50_000, 50_000, 0, 12), callers)) {
                    Report report = more.await(Duration.ofSeconds(20));
                    assertThat(report.whole()).as(report.toString()).isTrue();
                }
                assertThat(connection().path("state").asText()).isNotEqualTo("attached");
                home("scale", "statefulset", "telepath-manager", "--replicas=1");
                Report report = load.await(HEALED);
                assertThat(report.whole()).as(report.toString()).isTrue();
            }
            assertThat(laptop.whole()).isEqualTo(2L * STREAMS);
            awaitTransport("port-forward", "telepath-manager-0");
            awaitForwarded(1);
            leave();
        }
    }

    /** While there is a way to the manager: it would keep the intercept of who is gone without a word. */
    private void leave() {
        product.telepath().tp("leave", "web").orFail();
    }

    private void awaitForwarded(int expected) {
        awaitPast();
        await().atMost(HEALED)
                .pollInterval(Duration.ofMillis(300))
                .untilAsserted(() ->
                        assertThat(connection().at("/direct/forwarded").asInt()).isEqualTo(expected));
    }

    @Test
    void aStraightWayThatGoesSilentIsLeftForThePortForwardAndStreamsGoOn() throws Exception {
        try (var straight = FaultProxy.before(new InetSocketAddress(node, managerPort));
                var laptop = ChecksummedServer.start()) {
            connectWith("off", "--transport", straight.address()).orFail();
            awaitTransport("direct", straight.address());
            String session = connection().path("session_id").asText();
            product.telepath()
                    .tp("intercept", "web", "--port", laptop.port() + ":80")
                    .orFail();
            await().atMost(HEALED).until(product::active);
            try (var load = Checksummed.start(
                    new Plan(STREAMS, 200_000, 200_000, 20_000, 7), () -> new Socket(node, webPort))) {
                await().atMost(Duration.ofSeconds(60))
                        .until(() -> laptop.open() >= STREAMS && load.report().bytesReceived() > STREAMS * 20_000L);
                straight.apply(new Fault.Blackhole());
                awaitTransport("port-forward", "telepath-manager-0");
                Report report = load.await(HEALED);
                assertThat(report.whole()).as(report.toString()).isTrue();
            }
            assertThat(connection().path("session_id").asText()).isEqualTo(session);
            // A later attachment looks again.
            straight.pass();
            product.telepath().tp("reconnect").orFail();
            awaitTransport("direct", straight.address());
            assertThat(connection().path("session_id").asText()).isEqualTo(session);
            leave();
        }
    }

    @Test
    void whoeverElseTakesTheConnectionThereLearnsNothingAndThePortForwardIsUsed() throws Exception {
        var heard = new ByteArrayOutputStream();
        try (var stranger = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> listen(stranger, heard));
            connect("--transport", "127.0.0.1:" + stranger.getLocalPort()).orFail();
            awaitTransport("port-forward", "telepath-manager-0");
        }
        synchronized (heard) {
            // A TLS handshake record, and nothing that follows one (RFC 8446, section 5.1).
            assertThat(heard.toByteArray()).startsWith(0x16, 0x03);
            assertThat(heard.size()).isLessThan(4096);
            assertThat(heard.toString(StandardCharsets.ISO_8859_1)).doesNotContain("Bearer", "eyJ");
        }
    }

    private static void listen(ServerSocket stranger, ByteArrayOutputStream heard) {
        byte[] buffer = new byte[16_384];
        while (true) {
            try (Socket one = stranger.accept()) {
                for (int n = one.getInputStream().read(buffer);
                        n > 0;
                        n = one.getInputStream().read(buffer)) {
                    synchronized (heard) {
                        heard.write(buffer, 0, n);
                    }
                }
            } catch (IOException e) {
                if (stranger.isClosed()) {
                    return;
                }
            }
        }
    }

    /** A machine beside the cluster's own whose default route leads to pods, as a VPN's does. */
    private Namespace laptop() throws Exception {
        Namespace.missing().ifPresent(why -> assumeTrue(false, "skipped: " + why));
        URI server = URI.create(
                Config.fromKubeconfig(Path.of(System.getenv("KUBECONFIG")).toFile())
                        .getMasterUrl());
        assumeTrue(
                server.getHost().startsWith(MACHINES) && Files.exists(Path.of("/sys/class/net", SWITCH)),
                "skipped: the cluster's machines are in no network of this one that a test may join");
        Namespace laptop = Namespace.create();
        laptop.plugInto(SWITCH, new Namespace.CableEnd("near", LAPTOP));
        laptop.run("ip", "route", "add", "default", "via", node);
        return laptop;
    }

    private String podAddress() {
        return home("get", "pod", "telepath-manager-0", "-o", "jsonpath={.status.podIP}") + ":8443";
    }

    @Test
    void aPodThatTheLaptopHasAWayToIsReachedStraightAlsoWhileADeviceLeadsAllOtherPodsAndWhenItIsReplaced()
            throws Exception {
        try (Namespace laptop = laptop()) {
            product.telepath().on(List.of(), laptop.enter(), "127.0.0.1");
            connect("--network", "tun").orFail();
            awaitTransport("direct", podAddress());
            String session = connection().path("session_id").asText();
            assertThat(product.telepath().tp("doctor").out()).contains("straight to " + podAddress());
            String web = product.kubectl(
                            "-n", shop, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].status.podIP}")
                    .orFail()
                    .out();
            await().atMost(HEALED)
                    .untilAsserted(() -> assertThat(laptop.run("ip", "-o", "route", "get", web))
                            .contains("dev tp"));
            String manager = podAddress().replaceAll(":.*", "");
            assertThat(laptop.run("ip", "-o", "route", "get", manager)).contains("dev near");
            home("delete", "pod", "telepath-manager-0");
            await().atMost(HEALED)
                    .pollInterval(Duration.ofMillis(500))
                    .ignoreExceptions()
                    .untilAsserted(() -> {
                        String next = podAddress();
                        assertThat(next).isNotEqualTo(manager + ":8443");
                        assertThat(connection().path("transport_to").asText()).isEqualTo(next);
                    });
            assertThat(connection().path("session_id").asText()).isEqualTo(session);
            assertThat(laptop.run("ip", "-o", "route", "get", podAddress().replaceAll(":.*", "")))
                    .contains("dev near");
            product.telepath().tp("quit", "-s").orFail();
        }
    }

    @Test
    void aWayThatComesLaterIsTakenWhenTheNetworkChanges() throws Exception {
        try (Namespace laptop = laptop()) {
            laptop.run("ip", "route", "del", "default");
            product.telepath().on(List.of(), laptop.enter(), "127.0.0.1");
            connect().orFail();
            awaitTransport("port-forward", "telepath-manager-0");
            product.telepath().tp("intercept", "web", "--port", "8080:80").orFail();
            awaitForwarded(1);
            String session = connection().path("session_id").asText();
            laptop.run("ip", "route", "add", "default", "via", node);
            // An address as that of a VPN: what this machine looks for.
            laptop.run("ip", "addr", "add", "10.250.0.1/32", "dev", "near");
            awaitTransport("direct", podAddress());
            assertThat(connection().path("session_id").asText()).isEqualTo(session);
            awaitForwarded(0);
            leave();
            product.telepath().tp("quit", "-s").orFail();
        }
    }

    /** Behind a VPN: callers in the cluster reach the laptop by the pod that they call, whatever becomes of the manager's. */
    @Test
    void whatIsInterceptedComesFromThePodItselfAlsoWhileThereIsNoManagerAndFromTheNextPod() throws Exception {
        try (Namespace laptop = laptop()) {
            product.telepath().on(List.of(), laptop.enter(), "127.0.0.1");
            List<String> local = new ArrayList<>(laptop.enter());
            local.addAll(FarServices.command(List.of("127.0.0.9"), Map.of("127.0.0.10", FarServices.OTHER)));
            product.telepath().start("local", local, Map.of()).announced("ready");
            connect().orFail();
            product.telepath().tp("intercept", "web", "--port", "8080:80").orFail();
            awaitPast();

            home("scale", "statefulset", "telepath-manager", "--replicas=0");
            home("wait", "pod", "telepath-manager-0", "--for=delete", "--timeout=90s");
            // Longer than an agent keeps engagements of whom it cannot reach.
            await().during(Duration.ofSeconds(15))
                    .atMost(HEALED)
                    .pollInterval(Duration.ofMillis(500))
                    .untilAsserted(() -> assertThat(called(laptop)).startsWith("hello from 127.0.0.1"));

            home("scale", "statefulset", "telepath-manager", "--replicas=1");
            await().atMost(HEALED)
                    .untilAsserted(() ->
                            assertThat(connection().path("state").asText()).isEqualTo("attached"));
            product.kubectl("-n", shop, "rollout", "restart", "deployment/web").orFail();
            product.kubectl("-n", shop, "rollout", "status", "deployment/web", "--timeout=90s")
                    .orFail();
            awaitPast();
            await().atMost(HEALED)
                    .untilAsserted(() -> assertThat(called(laptop)).startsWith("hello from 127.0.0.1"));
            leave();
            product.telepath().tp("quit", "-s").orFail();
        }
    }

    private void awaitPast() {
        await().atMost(HEALED).pollInterval(Duration.ofMillis(300)).untilAsserted(() -> {
            JsonNode direct = connection().path("direct");
            assertThat(direct.path("connected").asInt()).isEqualTo(1);
            assertThat(direct.path("agents").asInt()).isEqualTo(1);
        });
    }

    /** What a caller of the workload gets. */
    private String called(Namespace from) {
        return from.run("curl", "-sS", "-m", "10", "http://" + node + ":" + webPort + "/");
    }
}
