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
import dev.telepath.client.home.Journal;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One daemon after another on one journal. */
class RestorationTest {
    private static final Set<String> OLD = Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "EnsureAgent");

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final List<DaemonCommands> daemons = new ArrayList<>();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private FakeManager manager;

    @BeforeAll
    static void quiet() {
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void start() throws IOException {
        manager = new FakeManager(0, OLD);
    }

    @AfterEach
    void stop() {
        daemons.forEach(DaemonCommands::close);
        manager.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private DaemonCommands daemon() {
        return daemon(folder.resolve("journal.json"));
    }

    private DaemonCommands daemon(Path journal) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        flags.put(Setting.HEARTBEAT, "200ms");
        flags.put(Setting.RECONNECT_FIRST, "20ms");
        flags.put(Setting.RECONNECT_MOST, "100ms");
        flags.put(Setting.TIMEOUT_INTERCEPT, "5s");
        Settings settings = Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty());
        var daemon = new DaemonCommands(
                settings,
                loops,
                new SimpleMeterRegistry(),
                new Journal(journal),
                "test",
                folder,
                folder.resolve("gateway.sock"),
                () -> stopped.set(true));
        daemons.add(daemon);
        return daemon;
    }

    /** A daemon that finds what another one would leave if it were killed now. */
    private DaemonCommands afterACrash() throws IOException {
        Path copy = folder.resolve("copy.json");
        Files.copy(folder.resolve("journal.json"), copy);
        return daemon(copy);
    }

    private static JsonNode ask(DaemonCommands daemon, String command, ObjectNode args) {
        return daemon.handle(command, args, new OneCall());
    }

    private JsonNode connect(DaemonCommands daemon) {
        return connect(daemon, connectArgs());
    }

    private static JsonNode connect(DaemonCommands daemon, ObjectNode args) {
        return ask(daemon, "connect", args);
    }

    private ObjectNode connectArgs() {
        return args().put("manager", "http://127.0.0.1:" + manager.port())
                .put("namespace", "default")
                .put("name", "tester@here");
    }

    private static ObjectNode engageArgs(String name, int port) {
        ObjectNode args = args().put("kind", "INTERCEPT").put("name", name);
        args.putArray("ports").add(port + ":http");
        return args;
    }

    private static ObjectNode args() {
        return Wire.JSON.createObjectNode();
    }

    private static String session(JsonNode connected) {
        return connected.path("connection").path("session_id").asText();
    }

    private static void active(DaemonCommands daemon, String... names) {
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            JsonNode engagements = ask(daemon, "status", args()).path("engagements");
            assertThat(engagements.findValuesAsText("name")).containsExactly(names);
            assertThat(engagements.findValuesAsText("disposition")).containsOnly("active");
        });
    }

    private long calls(String method) {
        return manager.calls.stream().filter(method::equals).count();
    }

    @Test
    void theNextDaemonTakesSessionAndEngagementsOver() throws IOException {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        ask(first, "engage", args().put("kind", "INGEST").put("name", "web2").put("workload", "web"));

        DaemonCommands next = afterACrash();
        JsonNode again = connect(next);

        assertThat(session(again)).isEqualTo(session(connected));
        assertThat(again.path("restored").path("session").asBoolean()).isTrue();
        assertThat(again.path("restored").path("engagements").toString()).isEqualTo("[\"web\",\"web2\"]");
        active(next, "web2", "web");
        assertThat(calls("CreateIntercept")).isEqualTo(1);
        assertThat(calls("Depart")).isZero();
    }

    @Test
    void aManagerThatForgotTheSessionIsGivenItBackWithItsEngagements() throws IOException {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        DaemonCommands next = afterACrash();
        ask(first, "quit", args());

        JsonNode again = connect(next);

        assertThat(session(again)).isEqualTo(session(connected));
        assertThat(manager.calls).contains("ReconnectClient");
        active(next, "web");
        assertThat(manager.namesOfIntercepts()).containsExactly("web");
    }

    @Test
    void anEngagementOfARunningCommandIsNotRestored() throws IOException {
        DaemonCommands first = daemon();
        connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        ask(first, "engage", engageArgs("orders", 8081).put("hold", true));

        DaemonCommands next = afterACrash();
        connect(next);

        active(next, "web");
        // The manager still has it, so the next daemon takes it back.
        await().untilAsserted(() -> assertThat(manager.calls).contains("RemoveIntercept"));
    }

    @Test
    void whatWasLeftIsNotRestored() throws IOException {
        DaemonCommands first = daemon();
        connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        ask(first, "leave", args().put("name", "web"));

        JsonNode again = connect(afterACrash());

        assertThat(again.path("restored").path("engagements")).isEmpty();
    }

    @Test
    void freshTakesNothingOverAndEndsTheOldSession() throws IOException {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));

        DaemonCommands next = afterACrash();
        JsonNode again = connect(next, connectArgs().put("fresh", true));

        assertThat(session(again)).isNotEqualTo(session(connected));
        assertThat(again.has("restored")).isFalse();
        assertThat(manager.sessions).doesNotContain(session(connected));
        assertThat(ask(next, "status", args()).path("engagements")).isEmpty();
        assertThat(new Journal(folder.resolve("copy.json")).engagements()).isEmpty();
    }

    @Test
    void anotherClientTakesNothingOver() throws IOException {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));

        JsonNode again = connect(afterACrash(), connectArgs().put("name", "another@here"));

        assertThat(session(again)).isNotEqualTo(session(connected));
        assertThat(again.has("restored")).isFalse();
    }

    @Test
    void aQuitThatTheManagerDoesNotHearOfLeavesNothingToRestore() throws IOException {
        DaemonCommands first = daemon();
        connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        int port = manager.port();
        manager.close();
        await().untilAsserted(() -> assertThat(ask(first, "status", args())
                        .path("connection")
                        .path("state")
                        .asText())
                .isNotEqualTo("attached"));
        ask(first, "quit", args());
        manager = new FakeManager(port, OLD);

        JsonNode again = connect(daemon());

        assertThat(again.has("restored")).isFalse();
        assertThat(manager.calls).contains("Depart").doesNotContain("ReconnectClient");
    }

    @Test
    void aConnectThatFailsLeavesTheJournalToTheNext() throws IOException {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        DaemonCommands next = afterACrash();

        manager.denied = Status.UNAUTHENTICATED.withDescription("the token has expired");
        assertThatThrownBy(() -> connect(next)).isInstanceOf(Failure.class);
        manager.denied = Status.OK;

        assertThat(session(connect(next))).isEqualTo(session(connected));
        active(next, "web");
    }

    @Test
    void aDaemonThatHandsOverEndsButDoesNotDepart() {
        DaemonCommands first = daemon();
        JsonNode connected = connect(first);
        ask(first, "engage", engageArgs("web", 8080));
        ask(first, "engage", engageArgs("orders", 8081).put("hold", true));
        var caller = new OneCall();

        JsonNode left = first.handle("hand-over", args(), caller);
        caller.leave();

        assertThat(stopped).isTrue();
        assertThat(left.path("ending").toString()).isEqualTo("[\"orders\"]");
        assertThat(manager.calls).doesNotContain("Depart", "RemoveIntercept");
        await().untilAsserted(() -> assertThat(manager.connections).hasValue(0));
        DaemonCommands next = daemon();
        JsonNode again = connect(next, (ObjectNode) left.path("connect"));
        assertThat(session(again)).isEqualTo(session(connected));
        assertThat(again.path("proxy")).isEqualTo(connected.path("proxy"));
        active(next, "web");
    }

    private static final class OneCall implements Caller {
        private final List<Runnable> whenGone = new ArrayList<>();
        private boolean gone;

        @Override
        public void progress(String text) {}

        @Override
        public boolean gone() {
            return gone;
        }

        @Override
        public void onGone(Runnable action) {
            whenGone.add(action);
        }

        void leave() {
            gone = true;
            whenGone.forEach(Runnable::run);
        }
    }
}
