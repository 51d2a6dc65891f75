package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.direct.PlayedAgent;
import dev.telepath.client.home.Journal;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.StreamFrame;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The daemon's connections to agents themselves, with agents and a manager played in this process. */
@NullUnmarked
@Timeout(120)
class DirectAgentsTest {
    private static final Duration WAIT = Duration.ofSeconds(30);
    private static final Set<String> MISSING =
            Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient", "WatchClusterInfo");

    @TempDir
    static Path keys;

    private static PlayedAgent.Identity identity;

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(2);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Map<Setting, String> flags = new EnumMap<>(Setting.class);
    private final PlayedListing listing = new PlayedListing();
    private FakeManager manager;
    private PlayedAgent agent;
    private DaemonCommands commands;

    @BeforeAll
    static void prepare() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
        identity = PlayedAgent.Identity.make(keys);
    }

    @BeforeEach
    void start() throws IOException {
        manager = new FakeManager(0, MISSING, List.of(), listing.services());
        agent = new PlayedAgent("agent-session", identity);
        flags.put(Setting.HEARTBEAT, "200ms");
        flags.put(Setting.RECONNECT_FIRST, "20ms");
        flags.put(Setting.RECONNECT_MOST, "100ms");
        // The tests' machine may be busy.
        flags.put(Setting.TIMEOUT_DIRECT, "10s");
    }

    @AfterEach
    void stop() {
        commands.close();
        manager.close();
        agent.close();
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
                Wire.JSON
                        .createObjectNode()
                        .put("manager", "http://127.0.0.1:" + manager.port())
                        .put("namespace", "default")
                        .put("name", "tester@here"));
    }

    private JsonNode ask(String command, ObjectNode args) {
        return commands.handle(command, args, new Caller() {
            @Override
            public void progress(String text) {}

            @Override
            public boolean gone() {
                return false;
            }

            @Override
            public void onGone(Runnable action) {}
        });
    }

    private JsonNode connection() {
        return ask("status", Wire.JSON.createObjectNode()).path("connection");
    }

    private String session() {
        return connection().path("session_id").asText();
    }

    /** {@code CONNECTED/AGENTS} as status has it; empty when it has nothing of the kind. */
    private String direct() {
        JsonNode counts = connection().path("direct");
        return counts.isObject()
                ? counts.path("connected").asInt() + "/" + counts.path("agents").asInt()
                : "";
    }

    private double connections(String transport) {
        return metrics.get("telepath.direct.connections")
                .tag("transport", transport)
                .gauge()
                .value();
    }

    private static void until(BooleanSupplier done) {
        await().atMost(WAIT).pollInterval(10, TimeUnit.MILLISECONDS).until(done::getAsBoolean);
    }

    private void untilDirect(String counts) {
        until(() -> direct().equals(counts));
    }

    private StreamFrame.Answer answered() throws InterruptedException {
        StreamFrame greeting = agent.greetings.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(greeting).isNotNull();
        return greeting.getAnswer();
    }

    @Test
    void anAgentOfTheListGetsAConnectionThatShowsItsTicketAndBringsTheLinksItAsksFor() throws InterruptedException {
        connect();
        assertThat(direct()).isEmpty();
        listing.show(agent::listed);
        untilDirect("1/1");
        until(() -> agent.pulses.get() > 1);

        agent.ask(7);

        assertThat(answered())
                .isEqualTo(StreamFrame.Answer.newBuilder()
                        .setLink(7)
                        .setSessionId(session())
                        .build());
        assertThat(agent.callers).containsOnly(session());
        assertThat(agent.refused).hasValue(0);
        assertThat(metrics.get("telepath.direct.agents").gauge().value()).isEqualTo(1);
        assertThat(connections("direct")).isEqualTo(1);
        assertThat(connections("port-forward")).isZero();
    }

    @Test
    void noCallComesToOneWithAnotherCertificateThanTheListSays() {
        List<LogRecord> lines = new CopyOnWriteArrayList<>();
        try (var _ = new Listening(lines)) {
            listing.show(client -> PlayedListing.withAnotherCertificate(agent.listed(client)));
            connect();
            until(() -> lines.stream().anyMatch(each -> text(each).contains("cause=untrusted")));
        }
        assertThat(direct()).isEqualTo("0/1");
        assertThat(agent.callers).isEmpty();
        assertThat(agent.refused).hasValue(0);

        listing.show(agent::listed);
        untilDirect("1/1");
    }

    @Test
    void theConnectionEndsWhenTheListHasTheAgentNoMore() {
        flags.put(Setting.HEARTBEAT_LIMIT, "2s");
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");

        listing.show();

        until(() -> agent.connections.get() == 0);
        assertThat(direct()).isEmpty();
    }

    @Test
    void anAgentThatFallsSilentIsLeftAloneForAWhile() {
        flags.put(Setting.HEARTBEAT_LIMIT, "2s");
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");

        agent.silent = true;
        untilDirect("0/1");
        agent.silent = false;

        // It would be tried again within two seconds.
        await().during(Duration.ofSeconds(5)).atMost(WAIT).until(() -> agent.connections.get() == 0);
        assertThat(direct()).isEqualTo("0/1");
        assertThat(agent.watches).hasSize(1);
    }

    /** As of a manager that has just started, where agents come back later than this client. */
    @Test
    void aListThatLacksTheAgentForAMomentCostsNoConnection() {
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");

        listing.show();
        until(() -> direct().isEmpty());
        assertThat(agent.connections).hasValue(1);
        listing.show(agent::listed);

        untilDirect("1/1");
        assertThat(agent.watches).hasSize(1);
    }

    @Test
    void theConnectionServesOnWhileTheManagerIsAwayAndAfterwards() throws InterruptedException, IOException {
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");
        int port = manager.port();
        Set<String> sessions = Set.copyOf(manager.sessions);
        manager.close();
        until(() -> !connection().path("state").asText().equals("attached"));

        agent.ask(8);
        assertThat(answered().getLink()).isEqualTo(8);
        assertThat(direct()).isEqualTo("1/1");

        manager = new FakeManager(port, MISSING, List.of(), listing.services());
        manager.sessions.addAll(sessions);
        until(() -> listing.asked.get() > 1);
        agent.ask(9);
        assertThat(answered().getLink()).isEqualTo(9);
        assertThat(agent.watches).hasSize(1);
    }

    @Test
    void theConnectionIsMadeAnewWhenThisClientGetsAnotherSession() {
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");
        String before = session();

        manager.sessions.clear();
        manager.endWatches();

        until(() -> agent.callers.stream().anyMatch(each -> !each.equals(before)));
        untilDirect("1/1");
        until(() -> agent.connections.get() == 1);
        assertThat(agent.refused).hasValue(0);
    }

    @Test
    void theConnectionComesBackAfterTheAgentHasEndedIt() throws InterruptedException {
        listing.show(agent::listed);
        connect();
        untilDirect("1/1");
        agent.endWatches();
        until(() -> !agent.watches.isEmpty());
        agent.endWatches();
        until(() -> !agent.watches.isEmpty());
        untilDirect("1/1");

        agent.ask(10);
        assertThat(answered().getLink()).isEqualTo(10);
        until(() -> agent.connections.get() == 1);
    }

    @Test
    void anotherTicketIsTriedAtOnceWhereTheFirstWasDenied() {
        listing.show(client -> agent.listed("somebody else"));
        connect();
        // At once, and then only after minutes.
        until(() -> agent.refused.get() == 2);
        listing.show(agent::listed);
        untilDirect("1/1");
        assertThat(agent.refused).hasValue(2);
    }

    @Test
    void nobodyIsAskedForAgentsWhenTheSettingIsOff() {
        flags.put(Setting.STREAM_DIRECT, "off");
        listing.show(agent::listed);
        connect();
        until(() -> manager.calls.contains("WatchDial") && manager.calls.contains("WatchIntercepts"));
        assertThat(listing.asked).hasValue(0);
        assertThat(direct()).isEmpty();
    }

    @Test
    void anAddressThatOurOwnDeviceLeadsIsNotDialled() {
        flags.put(Setting.NETWORK_SUBNET, "127.0.0.0/16");
        List<LogRecord> lines = new CopyOnWriteArrayList<>();
        try (var _ = new Listening(lines)) {
            listing.show(agent::listed);
            connect();
            until(() -> lines.stream().anyMatch(each -> text(each).contains("only tp's own device leads there")));
            assertThat(agent.connections).hasValue(0);
        }
    }

    @Test
    void anAgentThatIsNotReachedCostsOneLineThatNobodySees() throws IOException {
        int nobody;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = free.getLocalPort();
        }
        List<LogRecord> lines = new CopyOnWriteArrayList<>();
        try (var _ = new Listening(lines)) {
            listing.show(client ->
                    DirectAgent.newBuilder(agent.listed(client)).setPort(nobody).build());
            connect();
            until(() -> lines.stream().anyMatch(each -> text(each).contains("no direct connection")));
            assertThat(direct()).isEqualTo("0/1");
        }
        assertThat(lines)
                .filteredOn(each -> each.getLoggerName().startsWith("dev.telepath.client.direct"))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.getLevel().intValue()).isLessThan(Level.INFO.intValue());
                    assertThat(text(line)).contains("cause=refused");
                });
        assertThat(lines)
                .filteredOn(each -> each.getLevel().intValue() >= Level.WARNING.intValue())
                .extracting(DirectAgentsTest::text)
                .isEmpty();
    }

    /** A line as it would be written. */
    private static String text(LogRecord line) {
        Object[] parameters = line.getParameters();
        return parameters == null || parameters.length == 0
                ? line.getMessage()
                : String.format(line.getMessage(), parameters);
    }

    /** Hears what the client, gRPC and Netty log. */
    private static final class Listening extends Handler implements AutoCloseable {
        private final List<Logger> loggers = List.of(
                Logger.getLogger("dev.telepath.client"), Logger.getLogger("io.grpc"), Logger.getLogger("io.netty"));
        private final Logger direct = Logger.getLogger("dev.telepath.client.direct");
        private final List<LogRecord> lines;

        Listening(List<LogRecord> lines) {
            this.lines = lines;
            setLevel(Level.ALL);
            direct.setLevel(Level.ALL);
            loggers.forEach(each -> each.addHandler(this));
        }

        @Override
        public void publish(LogRecord line) {
            lines.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            loggers.forEach(each -> each.removeHandler(this));
            direct.setLevel(null);
        }
    }
}
