package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * The daemon of tp is killed, restarted, or of another version: session and engagements stay, streams end. Each test
 * finds both workloads intercepted; the last one ends that.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(120)
class DaemonRestartIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Vertx VERTX = Vertx.vertx();
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static Installation telepath;
    private static SampleService workload;
    private static SampleService laptop;
    /** The port of {@code orders} here: takes connections and says one byte. */
    private static ServerSocket greeter;

    /** Listens where the pod of {@code web} is, and says one byte: what {@code --to-pod} leads to. */
    private static ServerSocket pod;

    private static Path lent;
    private static Path mount;
    private static Running webAgent;
    private static Running ordersAgent;
    private static int web;
    private static int orders;

    @BeforeAll
    static void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        laptop = SampleService.start(VERTX, "laptop", 0);
        greeter = greeter(InetAddress.getLoopbackAddress(), true);
        InetAddress podAddress = InetAddress.getByName("127.0.0.2");
        pod = greeter(podAddress, false);
        lent = Files.createDirectories(telepath.directory().resolve("lent")).toRealPath();
        Files.writeString(lent.resolve("app.yaml"), "from the pod");
        mount = telepath.directory().resolve("mount");
        webAgent = telepath.startAgent(
                "web", workload.port(), "--share", lent.toString(), "--address", podAddress.getHostAddress());
        web = webAgent.port("port-http");
        ordersAgent = telepath.startAgent("orders", workload.port());
        orders = ordersAgent.port("port-http");
        telepath.connect().orFail();
        await().atMost(WAIT)
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web", "orders"));
        telepath.tp(
                        "intercept",
                        "web",
                        "--port",
                        laptop.port() + ":http",
                        "--to-pod",
                        String.valueOf(pod.getLocalPort()),
                        "--mount",
                        mount.toString())
                .orFail();
        telepath.tp("intercept", "orders", "--port", greeter.getLocalPort() + ":http")
                .orFail();
        diverted();
        forwardsAndFilesAreThere();
    }

    @AfterAll
    static void end() throws IOException {
        telepath.close();
        workload.close();
        laptop.close();
        greeter.close();
        pod.close();
        VERTX.close();
    }

    /**
     * @param stays whether its connections stay open
     */
    private static ServerSocket greeter(InetAddress address, boolean stays) throws IOException {
        var server = new ServerSocket(0, 50, address);
        var open = new ArrayList<Socket>();
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    open.add(socket);
                    socket.getOutputStream().write('!');
                    if (!stays) {
                        socket.close();
                    }
                } catch (IOException e) {
                    return;
                }
            }
        });
        return server;
    }

    private static void diverted() {
        await().atMost(WAIT).untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
    }

    private static Path mounted() {
        return mount.resolve(lent.toString().substring(1)).resolve("app.yaml");
    }

    private static int saidByThePod() {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), pod.getLocalPort())) {
            socket.setSoTimeout((int) WAIT.toMillis());
            return socket.getInputStream().read();
        } catch (IOException e) {
            return -2;
        }
    }

    private static void forwardsAndFilesAreThere() {
        await().atMost(WAIT).untilAsserted(() -> assertThat(saidByThePod()).isEqualTo('!'));
        await().atMost(WAIT).untilAsserted(() -> assertThat(mounted()).hasContent("from the pod"));
    }

    private static JsonNode status() throws IOException {
        return JSON.readTree(telepath.tp("status", "--output", "json").out());
    }

    private static String session(JsonNode status) {
        return status.path("connection").path("session_id").asText();
    }

    private static void kill(JsonNode status) {
        ProcessHandle daemon =
                ProcessHandle.of(status.path("daemon").path("pid").asLong()).orElseThrow();
        daemon.destroyForcibly();
        daemon.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** A caller of orders whose stream leads to the laptop. */
    private static Socket caller() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), orders);
        socket.setSoTimeout((int) WAIT.toMillis());
        // An agent reads nothing before the laptop has taken the stream.
        socket.getOutputStream().write("hello?".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('!');
        return socket;
    }

    /** Long before the five minutes for which a stream without a connection is kept. */
    private static void isReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read())
                .isInstanceOf(java.net.SocketException.class)
                .hasMessageContaining("reset");
    }

    @Test
    @Order(1)
    void afterADaemonWasKilledConnectRestoresTheInterceptsAndItsStreamsAreReset() throws Exception {
        try (Socket caller = caller()) {
            JsonNode before = status();
            kill(before);

            Result connected = telepath.connect().orFail();

            assertThat(connected.out()).contains("Restored from the last daemon: its session, web, orders");
            isReset(caller);
            diverted();
            forwardsAndFilesAreThere();
            JsonNode after = status();
            assertThat(session(after)).isEqualTo(session(before));
            assertThat(after.path("proxy")).isEqualTo(before.path("proxy"));
            assertThat(after.path("engagements").findValuesAsText("name")).containsExactly("web", "orders");
        }
    }

    /** A connection from the proxy to this listener, dialled by the agent of web. */
    private static Socket proxied(ServerSocket far) throws IOException {
        int port = status().path("proxy").path("port").asInt();
        var socket =
                new Socket(new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
        socket.connect(InetSocketAddress.createUnresolved("127.0.0.1", far.getLocalPort()), (int) WAIT.toMillis());
        return socket;
    }

    private static double atAgents(String metric) {
        return Stream.of(webAgent, ordersAgent)
                .mapToDouble(agent ->
                        Metrics.sum(Metrics.scrape("http://127.0.0.1:" + agent.announced("http-port")), metric))
                .sum();
    }

    @Test
    @Order(2)
    void whatAKilledDaemonHadOpenedOutwardEndsAtTheServiceWhenTheNextConnects() throws Exception {
        endsAtTheService(() -> telepath.connect().orFail(), List.of("web", "orders"));
        diverted();
    }

    /** Kills the daemon under a stream of its proxy; the agents hold it until the next one is there, and no longer. */
    private static double atManager(String metric) {
        return Metrics.sum(Metrics.scrape("https://" + telepath.managerAddress()), metric);
    }

    private static void endsAtTheService(Runnable connect, List<String> engagements) throws Exception {
        forwardsAndFilesAreThere();
        // A mount has a stream of its own.
        double others = FilesIT.mounts().contains(mount.toString()) ? 1 : 0;
        try (var far = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket program = proxied(far);
                Socket service = far.accept()) {
            service.setSoTimeout((int) WAIT.toMillis());
            program.getOutputStream().write('?');
            assertThat(service.getInputStream().read()).isEqualTo('?');
            await().atMost(WAIT)
                    .untilAsserted(() ->
                            assertThat(atAgents("telepath_streams_resumable")).isEqualTo(1 + others));
            double watching = atManager("telepath_dial_watchers");
            kill(status());
            // Its connection took all of its calls with it, so the agent knows that the stream has no link.
            await().atMost(WAIT)
                    .untilAsserted(() ->
                            assertThat(atAgents("telepath_streams_suspended")).isEqualTo(1 + others));
            await().atMost(WAIT)
                    .untilAsserted(() ->
                            assertThat(atManager("telepath_dial_watchers")).isEqualTo(watching - 1));

            connect.run();

            isReset(service);
            await().atMost(WAIT)
                    .untilAsserted(() -> assertThat(atAgents("telepath_streams_resumable"))
                            .isEqualTo(engagements.isEmpty() ? 0 : others));
            assertThat(status().path("engagements").findValuesAsText("name")).isEqualTo(engagements);
        }
    }

    @Test
    @Order(3)
    void aDaemonThatHandsOverTellsTheOtherEdgesThatItsStreamsEnd() throws Exception {
        try (Socket caller = caller()) {
            JsonNode before = status();
            try (var control = SocketChannel.open(
                    UnixDomainSocketAddress.of(telepath.home("dev").resolve("daemon.sock")))) {
                control.write(ByteBuffer.wrap(
                        "{\"command\":\"hand-over\",\"args\":{}}\n".getBytes(StandardCharsets.US_ASCII)));
                // No other daemon is there to answer a resume.
                isReset(caller);
            }
            assertThat(telepath.manager().log()).doesNotContain("session ended session=" + session(before));
            await().atMost(WAIT)
                    .until(() -> ProcessHandle.of(
                                    before.path("daemon").path("pid").asLong())
                            .isEmpty());
            assertThat(telepath.connect().orFail().out()).contains("Restored from the last daemon");
            assertThat(session(status())).isEqualTo(session(before));
        }
        diverted();
    }

    @Test
    @Order(4)
    void restartKeepsTheInterceptsAndEndsTheStreams() throws Exception {
        try (Socket caller = caller()) {
            JsonNode before = status();

            Result restarted = telepath.tp("restart").orFail();

            assertThat(restarted.out())
                    .contains("Restarted the daemon", "Restored from the last daemon: its session, web, orders");
            isReset(caller);
            diverted();
            forwardsAndFilesAreThere();
            JsonNode after = status();
            assertThat(after.path("daemon").path("pid"))
                    .isNotEqualTo(before.path("daemon").path("pid"));
            assertThat(session(after)).isEqualTo(session(before));
            assertThat(after.path("proxy")).isEqualTo(before.path("proxy"));
            assertThat(telepath.manager().log()).doesNotContain("session ended session=" + session(before));
        }
    }

    @Test
    @Order(5)
    void aDaemonOfAnotherVersionIsReplacedByConnect() throws Exception {
        assumeFalse(Program.isNative(), "the older build is made of jars");
        older("restart").orFail();
        JsonNode before = status();
        assertThat(before.path("daemon").path("version").asText()).isEqualTo("0.0.1");

        Result connected = telepath.connect().orFail();

        assertThat(connected.err()).contains("the daemon was of version 0.0.1 and is replaced");
        assertThat(connected.out()).contains("Restored from the last daemon: its session, web, orders");
        diverted();
        JsonNode after = status();
        assertThat(after.path("daemon").path("version").asText()).isNotEqualTo("0.0.1");
        assertThat(session(after)).isEqualTo(session(before));
        assertThat(telepath.connect().orFail().out()).contains("Connected already");
    }

    @Test
    @Order(6)
    void aFreshConnectAfterADaemonWasKilledEndsWhatItHad() throws Exception {
        JsonNode before = status();

        endsAtTheService(
                () -> assertThat(telepath.connect("--fresh").orFail().out()).doesNotContain("Restored"), List.of());

        assertThat(session(status())).isNotEqualTo(session(before));
        assertThat(status().path("engagements")).isEmpty();
        assertThat(saidByThePod()).as("no forward listens").isEqualTo(-2);
        assertThat(FilesIT.mounts()).as("nothing is mounted").doesNotContain(mount.toString());
        await().atMost(WAIT).untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
    }

    /** Runs the same program with another version written into it. */
    private static Result older(String... arguments) throws IOException {
        Path built = Program.root().resolve("client-native/target/quarkus-app");
        Path copy = telepath.directory().resolve("older-tp");
        if (!Files.exists(copy)) {
            Files.createDirectories(copy.resolve("app"));
            for (String same : List.of("lib", "quarkus")) {
                Files.createSymbolicLink(copy.resolve(same), built.resolve(same));
            }
            Files.copy(built.resolve("quarkus-run.jar"), copy.resolve("quarkus-run.jar"));
            try (var jars = Files.list(built.resolve("app"))) {
                for (Path jar : jars.toList()) {
                    Files.copy(jar, copy.resolve("app").resolve(jar.getFileName()));
                }
            }
            try (var jars = Files.list(copy.resolve("app"))) {
                for (Path jar : jars.toList()) {
                    try (var inside = FileSystems.newFileSystem(jar)) {
                        Files.writeString(inside.getPath("telepath-version.properties"), "version=0.0.1\n");
                    }
                }
            }
        }
        List<String> command = Program.TP.command("128m");
        command.set(command.size() - 1, copy.resolve("quarkus-run.jar").toString());
        command.addAll(List.of(arguments));
        return telepath.runCommand(command, telepath.tpEnvironment("dev"), Duration.ofMinutes(1));
    }
}
