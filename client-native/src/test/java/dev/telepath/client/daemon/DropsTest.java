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
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left of a client's session when its connection goes, with managers of the old protocol. */
@NullUnmarked
class DropsTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final Set<String> DELTAS = Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta");
    private static final Set<String> FORGETFUL =
            Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient");

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Map<Setting, String> flags = new EnumMap<>(Setting.class);
    private FakeManager manager;
    private DaemonCommands commands;

    @BeforeAll
    static void quiet() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void start() throws IOException {
        manager = new FakeManager(0, DELTAS);
        flags.put(Setting.HEARTBEAT, "200ms");
        flags.put(Setting.RECONNECT_FIRST, "20ms");
        flags.put(Setting.RECONNECT_MOST, "100ms");
        flags.put(Setting.RECONNECT_STABLE, "0s");
    }

    @AfterEach
    void stop() {
        commands.close();
        manager.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void connect() {
        Settings settings = Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty());
        commands = new DaemonCommands(
                settings,
                loops,
                metrics,
                new Journal(folder.resolve("journal.json")),
                "test",
                folder,
                folder.resolve("gateway.sock"),
                () -> {});
        ask(
                "connect",
                args().put("manager", "http://127.0.0.1:" + manager.port())
                        .put("namespace", "default")
                        .put("name", "tester@here"));
    }

    private void engage() {
        ObjectNode args = args().put("kind", "INTERCEPT").put("name", "web");
        args.putArray("ports").add("8080");
        ask("engage", args);
    }

    private JsonNode ask(String command, ObjectNode args) {
        return commands.handle(command, args, new Listener());
    }

    private static ObjectNode args() {
        return Wire.JSON.createObjectNode();
    }

    private JsonNode connection() {
        return ask("status", args()).path("connection");
    }

    private String state() {
        return connection().path("state").asText();
    }

    private long calls(String method) {
        return manager.calls.stream().filter(method::equals).count();
    }

    private double lost(String cause) {
        var counter = metrics.find("telepath.reconnects").tag("cause", cause).counter();
        return counter == null ? 0 : counter.count();
    }

    /** All that is shown of the engagement until the condition holds. */
    private Set<String> shownUntil(java.util.function.BooleanSupplier done) {
        Set<String> seen = new HashSet<>();
        await().atMost(WAIT).pollInterval(2, TimeUnit.MILLISECONDS).until(() -> {
            seen.add(ask("status", args())
                    .path("engagements")
                    .path(0)
                    .path("disposition")
                    .asText());
            return done.getAsBoolean();
        });
        return seen;
    }

    @Test
    void anEndOfAWatchKeepsSessionAndEngagement() {
        connect();
        engage();
        String session = connection().path("session_id").asText();

        manager.endWatches();
        Set<String> shown = shownUntil(() -> manager.everConnected.get() == 2 && state().equals("attached"));

        assertThat(shown).containsExactly("active");
        assertThat(connection().path("session_id").asText()).isEqualTo(session);
        assertThat(calls("ArriveAsClient")).isEqualTo(1);
        assertThat(calls("CreateIntercept")).isEqualTo(1);
        assertThat(calls("RemoveIntercept")).isZero();
        assertThat(ask("status", args()).path("history").findValuesAsText("cause_kind"))
                .containsExactly("peer-closed");
    }

    @Test
    void watchesThatEndAtOnceMakeNoHotLoop() {
        flags.put(Setting.RECONNECT_STABLE, "1h");
        flags.put(Setting.RECONNECT_FIRST, "50ms");
        connect();
        manager.watchesEnd = true;
        manager.endWatches();

        await().atMost(WAIT).until(() -> calls("WatchIntercepts") >= 4);
        long before = calls("Version");
        await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
        assertThat(calls("Version") - before).isLessThan(60);

        manager.watchesEnd = false;
        await().atMost(WAIT).during(Duration.ofMillis(500)).until(() -> state().equals("attached"));
    }

    @Test
    void anUpdateInFlightWithItsEndDoesNotEndTheSession() {
        connect();
        await().atMost(WAIT).until(() -> ask("list", args()).path("workloads").size() == 2);

        manager.updateAndEndWorkloads();

        await().atMost(WAIT).until(() -> ask("list", args()).path("workloads").size() == 3);
        assertThat(state()).isEqualTo("attached");
        assertThat(manager.everConnected).hasValue(1);
    }

    @Test
    void aReplacedManagerThatCanReconnectKeepsTheIds() throws IOException {
        connect();
        engage();
        String session = connection().path("session_id").asText();
        Set<String> ids = Set.copyOf(manager.intercepts.keySet());

        replaceManager(DELTAS);
        Set<String> shown = shownUntil(() -> state().equals("attached"));

        assertThat(shown).containsExactly("active");
        assertThat(connection().path("session_id").asText()).isEqualTo(session);
        assertThat(manager.intercepts).containsOnlyKeys(ids);
        assertThat(manager.calls).contains("ReconnectClient").doesNotContain("ArriveAsClient", "CreateIntercept");
    }

    /** Another manager at the same place, which knows no session. */
    private void replaceManager(Set<String> missing, Status... restoreFailures) throws IOException {
        int port = manager.port();
        manager.close();
        await().atMost(WAIT).until(() -> !state().equals("attached"));
        manager = new FakeManager(port, missing, List.of(restoreFailures));
    }

    @Test
    void aReplacedManagerThatIsNotReadyYetIsAskedAgainForTheSession() throws IOException {
        connect();
        String session = connection().path("session_id").asText();

        replaceManager(
                DELTAS,
                Status.DEADLINE_EXCEEDED,
                Status.UNAVAILABLE.withDescription("the manager is shutting down"),
                Status.RESOURCE_EXHAUSTED,
                Status.CANCELLED);

        await().atMost(WAIT).until(() -> state().equals("attached"));
        assertThat(manager.restoreFailures).isEmpty();
        assertThat(connection().path("session_id").asText()).isEqualTo(session);
        assertThat(calls("ArriveAsClient")).isZero();
    }

    @Test
    void aSessionThatTheManagerRefusesIsBegunAnew() throws IOException {
        connect();
        String session = connection().path("session_id").asText();

        replaceManager(DELTAS, Status.INVALID_ARGUMENT.withDescription("no such kind of session"));

        await().atMost(WAIT).until(() -> state().equals("attached"));
        assertThat(connection().path("session_id").asText()).isNotEqualTo(session);
        assertThat(calls("ArriveAsClient")).isEqualTo(1);
    }

    @Test
    void aReplacedManagerThatCannotIsArrivedAtAgainAndGetsTheEngagement() throws IOException {
        manager.close();
        manager = new FakeManager(0, FORGETFUL);
        connect();
        engage();

        replaceManager(FORGETFUL);

        await().atMost(WAIT)
                .untilAsserted(() -> assertThat(manager.namesOfIntercepts()).containsExactly("web"));
        assertThat(calls("ArriveAsClient")).isEqualTo(1);
    }

    @Test
    void noSecondConnectionIsLeftOpen() {
        connect();
        for (int drops = 1; drops <= 5; drops++) {
            int before = manager.everConnected.get();
            // Attached is told a moment before the watches are there.
            await().atMost(WAIT).until(() -> {
                manager.endWatches();
                return manager.everConnected.get() > before;
            });
            await().atMost(WAIT).until(() -> state().equals("attached"));
        }
        ask("reconnect", args());
        await().atMost(WAIT).during(Duration.ofMillis(300)).until(() -> manager.connections.get() == 1);
    }

    @Test
    void aHungHandlerUnderALiveConnectionIsFoundAndTheConnectionMadeAnew() {
        flags.put(Setting.HEARTBEAT_LIMIT, "2s");
        connect();
        engage();

        manager.answersPulses = false;
        Set<String> shown = shownUntil(() -> lost("silence") >= 1);
        manager.answersPulses = true;

        assertThat(shown).containsExactly("active");
        await().atMost(WAIT)
                .during(Duration.ofMillis(500))
                .until(() -> state().equals("attached") && manager.connections.get() == 1);
        assertThat(metrics.get("telepath.resume").timer().count()).isPositive();
    }

    @Test
    void reconnectCutsTheWait() throws IOException {
        flags.put(Setting.RECONNECT_FIRST, "10m");
        flags.put(Setting.RECONNECT_MOST, "1h");
        connect();
        int port = manager.port();
        manager.close();
        await().atMost(WAIT).until(() -> state().equals("suspended"));
        assertThat(connection().path("cause_kind").asText()).isNotEmpty();
        assertThat(connection().path("next_try").asText()).isNotEmpty();
        assertThatThrownBy(() -> ask("reconnect", args()))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE));
        assertThat(connection().path("cause_kind").asText()).isEqualTo("refused");
        manager = new FakeManager(port, DELTAS);

        assertThat(ask("reconnect", args()).path("connection").path("state").asText())
                .isEqualTo("attached");
    }

    @Test
    void reconnectMakesALiveConnectionAnewAndKeepsTheSession() {
        connect();
        String session = connection().path("session_id").asText();

        ask("reconnect", args());

        assertThat(manager.everConnected).hasValue(2);
        assertThat(connection().path("session_id").asText()).isEqualTo(session);
    }

    @Test
    void deniedCredentialsAreReadAgainOnceThenItStopsUntilAsked() {
        connect();
        manager.denied = Status.UNAUTHENTICATED.withDescription("token expired");

        await().atMost(WAIT).until(() -> state().equals("stopped"));
        assertThat(connection().path("cause_kind").asText()).isEqualTo("credentials");
        assertThat(connection().path("hint").asText()).contains("fresh token");
        assertThat(lost("credentials")).isEqualTo(2);

        manager.denied = Status.OK;
        ask("reconnect", args());
        assertThat(state()).isEqualTo("attached");
    }

    @Test
    void aCommandInTheForegroundIsToldOnceThatTheConnectionIsAwayAndOnceThatItIsBack() throws IOException {
        connect();
        var listener = new Listener();
        var following = Thread.ofVirtual().start(() -> commands.handle("notices", args(), listener));
        int port = manager.port();
        // The one who follows is there before the connection goes.
        await().until(() -> following.getState() == Thread.State.TIMED_WAITING);

        manager.close();
        await().atMost(WAIT).until(() -> lost("refused") >= 3);
        manager = new FakeManager(port, DELTAS);
        await().atMost(WAIT).until(() -> listener.told.size() == 2);

        assertThat(listener.told.getFirst()).startsWith("connection suspended: ");
        assertThat(listener.told.getLast()).isEqualTo("connection is back");
        listener.gone = true;
        await().atMost(WAIT).until(() -> !following.isAlive());
        assertThat(listener.told).hasSize(2);
    }

    private static final class Listener implements Caller {
        private final List<String> told = new CopyOnWriteArrayList<>();
        private volatile boolean gone;

        @Override
        public void progress(String text) {
            told.add(text);
        }

        @Override
        public boolean gone() {
            return gone;
        }

        @Override
        public void onGone(Runnable action) {}
    }

    private Socket askSocks(int destination) throws IOException {
        int proxy = ask("status", args()).path("proxy").path("port").asInt();
        var socket = new Socket(InetAddress.getLoopbackAddress(), proxy);
        socket.setSoTimeout((int) WAIT.toMillis());
        socket.getOutputStream().write(new byte[] {5, 1, 0});
        assertThat(socket.getInputStream().readNBytes(2)).containsExactly(5, 0);
        socket.getOutputStream()
                .write(new byte[] {5, 1, 0, 1, 127, 0, 0, 1, (byte) (destination >> 8), (byte) destination});
        return socket;
    }

    @Test
    void aNewConnectionToTheProxyWaitsForAManagerThatIsAway() throws IOException {
        connect();
        int port = manager.port();
        manager.close();
        await().atMost(WAIT).until(() -> !state().equals("attached"));

        try (var destination = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var socket = askSocks(destination.getLocalPort())) {
            assertThat(socket.getInputStream().available()).isZero();
            manager = new FakeManager(port, DELTAS);

            assertThat(socket.getInputStream().readNBytes(10)[1]).isZero();
            destination.accept().close();
        }
    }

    @Test
    void aNewConnectionToTheProxyFailsWhenTheManagerStaysAway() throws IOException {
        flags.put(Setting.STREAM_HOLD, "100ms");
        connect();
        manager.close();
        await().atMost(WAIT).until(() -> !state().equals("attached"));

        try (var socket = askSocks(9)) {
            // Network unreachable, RFC 1928 section 6.
            assertThat(socket.getInputStream().readNBytes(2)).containsExactly(5, 3);
        }
    }
}
