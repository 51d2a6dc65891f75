package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.protocol.telepresence.agent.MutinyAgentGrpc;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.PreparedIntercept;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {
    /** Managers of ours have everything; those of others lack telepath.v1, and the fake always does. */
    private static final Set<String> OLD = Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient");

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private FakeManager manager;
    private DaemonCommands commands;
    private Echo echo;

    @BeforeAll
    static void quiet() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void start() throws IOException {
        manager = new FakeManager(0, OLD);
        echo = new Echo();
        commands = daemon();
    }

    private DaemonCommands daemon() {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        flags.put(Setting.HEARTBEAT, "200ms");
        flags.put(Setting.RECONNECT_FIRST, "20ms");
        flags.put(Setting.RECONNECT_MOST, "100ms");
        flags.put(Setting.TIMEOUT_INTERCEPT, "1s");
        Settings settings = Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty());
        return new DaemonCommands(
                settings,
                loops,
                metrics,
                new Journal(folder.resolve("journal.json")),
                "test",
                folder,
                folder.resolve("gateway.sock"),
                () -> {});
    }

    @AfterEach
    void stop() throws IOException {
        commands.close();
        manager.close();
        echo.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @Test
    void trafficOfAnEngagedWorkloadReachesTheLocalProcess() throws IOException {
        connect();

        JsonNode engaged = engage("web", echo.port());

        assertThat(engaged.path("disposition").asText()).isEqualTo("active");
        assertThat(engaged.path("environment").path("GREETING").asText()).isEqualTo("hello");
        assertThat(engaged.path("environment").has("PATH")).isFalse();
        assertThat(exchange(manager.frontPort(), "hello")).isEqualTo("hello");
        ask("leave", args().put("name", "web"));
        assertThat(manager.intercepts).isEmpty();
        ask("quit", args());
        assertThat(manager.sessions).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"WatchWorkloads", "EnsureAgent", "ReportMetrics", "Lookup"})
    void aManagerThatLacksOneMethodStillDoesTheMainJob(String method) throws IOException {
        manager.close();
        manager = new FakeManager(0, union(OLD, method));
        connect();

        engage("web", echo.port());

        assertThat(exchange(manager.frontPort(), "still here")).isEqualTo("still here");
        assertThat(ask("list", args()).path("workloads").findValuesAsText("name"))
                .contains("web");
        assertThat(manager.calls.stream().filter(method::equals).count()).isLessThanOrEqualTo(1);
    }

    @Test
    void aManagerThatDoesNotRelayIsServedThroughItsAgents() throws IOException {
        manager.close();
        manager = new FakeManager(0, union(OLD, "WatchDial"));
        var agent = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(new MutinyAgentGrpc.AgentImplBase() {
                    @Override
                    public Multi<DialRequest> watchDial(SessionInfo request) {
                        manager.calls.add("agent watch");
                        return manager.dials();
                    }

                    @Override
                    public Multi<TunnelMessage> tunnel(Multi<TunnelMessage> request) {
                        manager.calls.add("agent tunnel");
                        return TunnelCall.serve(request, manager::take);
                    }
                })
                .build()
                .start();
        manager.agentPort = agent.getPort();
        connect();

        engage("web", echo.port());

        await().untilAsserted(() -> assertThat(manager.calls).contains("agent watch"));
        assertThat(exchange(manager.frontPort(), "straight")).isEqualTo("straight");
        assertThat(manager.calls).contains("agent tunnel").doesNotContain("Tunnel");
        agent.shutdownNow();
    }

    @Test
    void anEngagementComesBackWithANewManager() throws IOException {
        connect();
        engage("web", echo.port());
        int port = manager.port();

        manager.close();
        await().untilAsserted(() -> assertThat(state()).isNotEqualTo("attached"));
        manager = new FakeManager(port, OLD);

        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(state()).isEqualTo("attached");
            assertThat(manager.namesOfIntercepts()).containsExactly("web");
        });
        assertThat(exchange(manager.frontPort(), "again")).isEqualTo("again");
    }

    @Test
    void aLostEngagementIsMadeAgain() throws IOException {
        connect();
        engage("web", echo.port());

        manager.intercepts.clear();
        manager.sessions.clear();

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(manager.namesOfIntercepts()).containsExactly("web"));
    }

    @Test
    void aRefusingLocalProcessResetsTheConnectionAndIsShown() throws IOException {
        connect();
        int nobody;
        try (var free = new ServerSocket(0)) {
            nobody = free.getLocalPort();
        }

        JsonNode engaged = engage("web", nobody);

        assertThat(engaged.path("warnings").toString()).contains("nothing listens on 127.0.0.1:" + nobody);
        assertThatThrownBy(() -> exchange(manager.frontPort(), "x")).isInstanceOf(IOException.class);
        await().untilAsserted(() -> assertThat(ask("status", args())
                        .path("engagements")
                        .path(0)
                        .path("local_error")
                        .asText())
                .contains("refused"));
    }

    @Test
    void streamsLeadOnlyToWhatIsEngaged() throws Exception {
        connect();
        engage("web", echo.port());
        try (var secret = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            manager.ask(ConnectionId.of(Protocol.TCP, loopback, 9, loopback, secret.getLocalPort()));

            await().untilAsserted(() -> assertThat(metrics.find("telepath.streams.failed")
                            .tag("cause", "no-engagement")
                            .counter())
                    .isNotNull());
            secret.setSoTimeout(100);
            assertThatThrownBy(secret::accept).isInstanceOf(IOException.class);
        }
    }

    @Test
    void anUnknownWorkloadIsToldWithNamesNearToIt() {
        connect();
        await().untilAsserted(() ->
                assertThat(ask("list", args()).path("workloads").size()).isEqualTo(2));
        manager.prepareError = "no such workload";

        assertThatThrownBy(() -> engage("wbe", 8080)).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.kind()).isEqualTo(Kind.NOT_FOUND);
            assertThat(failure.hint()).contains("near names: web");
        });
        assertThat(ask("status", args()).path("engagements")).isEmpty();
    }

    @Test
    void aReplacementWithoutPortsHasThemAllAndIsShownAsOne() {
        connect();
        manager.prepared = PreparedIntercept.newBuilder()
                .setContainerPort(8080)
                .setProtocol("TCP")
                .addPodPorts("5353:5353/UDP")
                .build();

        JsonNode replaced =
                ask("engage", args().put("kind", "REPLACE").put("name", "web").put("container", "app"));

        assertThat(replaced.path("kind").asText()).isEqualTo("replace");
        assertThat(replaced.path("replace").asBoolean()).isTrue();
        assertThat(replaced.path("ports"))
                .extracting(port -> port.path("port").asText())
                .containsExactly("8080:8080", "5353:5353/udp");
        assertThat(manager.intercepts.values())
                .extracting(InterceptInfo::getSpec)
                .extracting(InterceptSpec::getReplace, InterceptSpec::getPortIdentifier)
                .containsExactlyInAnyOrder(
                        org.assertj.core.groups.Tuple.tuple(true, "8080"),
                        org.assertj.core.groups.Tuple.tuple(true, "5353/UDP"));
        assertThat(ask("list", args()).toString()).contains("\"replace\":true");
        ask("leave", args().put("name", "web"));
        assertThat(manager.intercepts).isEmpty();
    }

    @Test
    void anEngagementThatNobodyTakesTimesOutAndLeavesNothing() {
        connect();
        manager.approves = false;

        assertThatThrownBy(() -> engage("web", echo.port()))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.TIMED_OUT));
        assertThat(manager.intercepts).isEmpty();
    }

    @Test
    void anInterruptedEngagementLeavesNothing() {
        connect();
        manager.approves = false;
        var caller = new FakeCaller();
        caller.gone = true;

        assertThatThrownBy(() -> commands.handle("engage", engageArgs("web", echo.port()), caller))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.INTERRUPTED));
        assertThat(manager.intercepts).isEmpty();
    }

    @Test
    void anEngagementHeldByACommandEndsWithIt() {
        connect();
        var caller = new FakeCaller();
        commands.handle("engage", engageArgs("web", echo.port()).put("hold", true), caller);
        assertThat(manager.intercepts).hasSize(1);

        caller.leave();

        assertThat(manager.intercepts).isEmpty();
    }

    @Test
    void aManagerThatIsNotThereIsToldAtOnce() {
        int port = manager.port();
        manager.close();

        assertThatThrownBy(() -> connect(port))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE));
        assertThatThrownBy(() -> ask("list", args()))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.NOT_CONNECTED));
    }

    @Test
    void somethingElseOnTheManagersPortIsTold() throws IOException {
        try (var http = new Echo("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) {
            assertThatThrownBy(() -> connect(http.port()))
                    .isInstanceOfSatisfying(
                            Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE));
        }
    }

    @Test
    void socksReachesTheFarSideByName() throws IOException {
        JsonNode connected = connect();
        try (var socket = new Socket(
                InetAddress.getLoopbackAddress(),
                connected.path("proxy").path("port").asInt())) {
            socket.setSoTimeout(5000);
            var out = socket.getOutputStream();
            var in = socket.getInputStream();
            out.write(new byte[] {5, 1, 0});
            assertThat(in.readNBytes(2)).containsExactly(5, 0);
            byte[] name = "web.far".getBytes(StandardCharsets.US_ASCII);
            out.write(new byte[] {5, 1, 0, 3, (byte) name.length});
            out.write(name);
            out.write(new byte[] {(byte) (echo.port() >> 8), (byte) echo.port()});
            assertThat(in.readNBytes(10)[1]).isZero();
            out.write("through".getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("through");
        }
        await().untilAsserted(() -> assertThat(
                        ask("status", args()).path("streams").path("open").asInt())
                .isZero());
    }

    @Test
    void httpConnectCarriesBytesSentBeforeTheAnswer() throws IOException {
        JsonNode connected = connect();
        try (var socket = new Socket(
                InetAddress.getLoopbackAddress(),
                connected.path("proxy").path("port").asInt())) {
            socket.setSoTimeout(5000);
            socket.getOutputStream()
                    .write(("CONNECT web.far:" + echo.port() + " HTTP/1.1\r\nHost: web.far\r\n\r\nearly")
                            .getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 200 ")
                    .endsWith("\r\n\r\nearly");
        }
    }

    @Test
    void aNameThatTheFarSideDoesNotKnowIsABadGateway() throws IOException {
        JsonNode connected = connect();
        try (var socket = new Socket(
                InetAddress.getLoopbackAddress(),
                connected.path("proxy").path("port").asInt())) {
            socket.setSoTimeout(5000);
            socket.getOutputStream()
                    .write("GET http://nowhere.far/ HTTP/1.1\r\nHost: nowhere.far\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 502 ")
                    .contains("nowhere.far is not known");
        }
    }

    private JsonNode connect() {
        return connect(manager.port());
    }

    private JsonNode connect(int port) {
        return ask(
                "connect",
                args().put("manager", "http://127.0.0.1:" + port)
                        .put("namespace", "default")
                        .put("name", "tester@here"));
    }

    private JsonNode engage(String name, int port) {
        return ask("engage", engageArgs(name, port));
    }

    private static ObjectNode engageArgs(String name, int port) {
        ObjectNode args = args().put("kind", "INTERCEPT").put("name", name);
        args.putArray("ports").add(String.valueOf(port));
        return args;
    }

    private String state() {
        return ask("status", args()).path("connection").path("state").asText();
    }

    private JsonNode ask(String command, ObjectNode args) {
        return commands.handle(command, args, new FakeCaller());
    }

    private static ObjectNode args() {
        return Wire.JSON.createObjectNode();
    }

    private static Set<String> union(Set<String> some, String more) {
        var all = new java.util.HashSet<>(some);
        all.add(more);
        return all;
    }

    private static String exchange(int port, String text) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            byte[] answer = socket.getInputStream().readAllBytes();
            if (answer.length == 0) {
                throw new IOException("closed without an answer");
            }
            return new String(answer, StandardCharsets.UTF_8);
        }
    }

    private static final class FakeCaller implements Caller {
        private boolean gone;
        private final CompletableFuture<Void> left = new CompletableFuture<>();

        @Override
        public void progress(String text) {}

        @Override
        public boolean gone() {
            return gone;
        }

        @Override
        public void onGone(Runnable action) {
            left.thenRun(action);
        }

        void leave() {
            gone = true;
            left.complete(null);
        }
    }

    /** Sends back what it gets, or one fixed answer. */
    private static final class Echo implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

        Echo() throws IOException {
            this("");
        }

        Echo(String answer) throws IOException {
            Thread.ofVirtual().start(() -> {
                while (!server.isClosed()) {
                    try {
                        Socket socket = server.accept();
                        Thread.ofVirtual().start(() -> serve(socket, answer));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        private static void serve(Socket socket, String answer) {
            try (socket;
                    InputStream in = socket.getInputStream()) {
                if (answer.isEmpty()) {
                    in.transferTo(socket.getOutputStream());
                } else {
                    socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            } catch (IOException e) {
                return;
            }
        }

        int port() {
            return server.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
