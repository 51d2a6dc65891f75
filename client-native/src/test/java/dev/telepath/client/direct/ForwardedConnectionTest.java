package dev.telepath.client.direct;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.client.carry.ClientStreams;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.network.OwnDevice;
import dev.telepath.client.session.Bypass;
import dev.telepath.client.session.Policy;
import dev.telepath.client.session.Way;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.transport.ManagerChannel;
import dev.telepath.tunnel.transport.Underlay;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A connection to an agent in a pod, with a way that leads there played in this process. */
@NullUnmarked
@Timeout(60)
class ForwardedConnectionTest {
    private static final Duration WAIT = Duration.ofSeconds(30);
    private static final String SESSION = "client-session";

    @TempDir
    static Path keys;

    private static PlayedAgent.Identity identity;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(2);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Map<Setting, String> flags = new EnumMap<>(Setting.class);
    private final Forwards way = new Forwards();
    private PlayedAgent agent;
    private DirectConnection connection;

    @BeforeAll
    static void prepare() {
        identity = PlayedAgent.Identity.make(keys);
    }

    @BeforeEach
    void start() throws IOException {
        agent = new PlayedAgent("agent-session", identity);
        flags.put(Setting.HEARTBEAT, "200ms");
        flags.put(Setting.HEARTBEAT_LIMIT, "2s");
        // The tests' machine may be busy.
        flags.put(Setting.TIMEOUT_DIRECT, "10s");
    }

    @AfterEach
    void stop() {
        if (connection != null) {
            connection.end().toCompletableFuture().join();
        }
        agent.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** A way that leads to the agent whatever port of whatever pod is asked for. */
    private final class Forwards implements Way {
        final List<String> asked = new CopyOnWriteArrayList<>();
        final AtomicInteger failures = new AtomicInteger();

        @Override
        public Optional<Underlay> forward(String namespace, String pod, int port) {
            asked.add(namespace + "/" + pod + ":" + port);
            if (failures.getAndDecrement() > 0) {
                throw new Failure(Kind.UNREACHABLE, "the API server is away", "wait");
            }
            return Optional.of(Underlay.straight(
                    new InetSocketAddress("127.0.0.1", agent.listed(SESSION).getPort())));
        }

        @Override
        public String name() {
            return "played";
        }

        @Override
        public Optional<Path> tokenFile() {
            return Optional.empty();
        }

        @Override
        public Opened open(EventLoopGroup loops, ManagerChannel.Limits limits, Bypass bypass) {
            throw new AssertionError("there is no manager");
        }

        @Override
        public Failure explain(Failure failure) {
            return failure;
        }
    }

    private DirectAgent.Builder listed() {
        return agent.listed(SESSION).toBuilder()
                .setPod("web-1")
                .setNamespace("shop")
                .setLoopbackPort(4242);
    }

    private static int nobody() throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private void connect(DirectAgent.Builder to, boolean forwards) {
        Settings settings = Settings.resolve(flags, Map.of(), Optional.empty());
        var credit = new Credit(64 * 1024, 1 << 20);
        var streams = new ClientStreams(
                new CarriedStreams(loops.next(), CarrySettings.STANDARD, new Blocks(), metrics),
                null,
                credit,
                Policy.of(settings).backoff(),
                true,
                Optional.empty());
        var means = new Means(
                streams,
                loops,
                credit,
                Policy.of(settings),
                way,
                forwards,
                settings.duration(Setting.TIMEOUT_DIRECT),
                OwnDevice.of(settings),
                metrics);
        connection = new DirectConnection(ListedAgent.of(to.build()).orElseThrow(), SESSION, means);
        connection.start();
    }

    private static void until(BooleanSupplier done) {
        await().atMost(WAIT).pollInterval(10, TimeUnit.MILLISECONDS).until(done::getAsBoolean);
    }

    @Test
    void anAgentThatIsNotReachedAtItsAddressIsReachedByItsPod() throws IOException {
        connect(listed().setPort(nobody()), true);
        until(connection::isForwarded);
        assertThat(connection.isAttached()).isTrue();
        assertThat(way.asked).containsExactly("shop/web-1:4242");
        assertThat(agent.callers).containsOnly(SESSION);
        until(() -> agent.pulses.get() > 1);
    }

    /** As where another network has the pods' addresses too. */
    @Test
    void anAddressThatIsSomebodyElsesIsNotTheAgent(@TempDir Path others) throws IOException {
        try (var stranger = new PlayedAgent("stranger", PlayedAgent.Identity.make(others))) {
            connect(listed().setPort(stranger.listed(SESSION).getPort()), true);
            until(connection::isForwarded);
            assertThat(stranger.callers).isEmpty();
            assertThat(stranger.refused).hasValue(0);
        }
    }

    @Test
    void anAgentThatIsReachedAtItsAddressNeedsNoPortForward() {
        connect(listed(), true);
        until(connection::isAttached);
        assertThat(connection.isForwarded()).isFalse();
        assertThat(way.asked).isEmpty();
    }

    @Test
    void anAgentWithoutAPodAndOneThatIsNotToBeForwardedToIsNotAskedFor() throws IOException {
        connect(listed().setPort(nobody()), false);
        await().during(Duration.ofSeconds(2)).atMost(WAIT).until(() -> !connection.isAttached());
        connection.end().toCompletableFuture().join();
        connect(agent.listed(SESSION).toBuilder().setPort(nobody()), true);
        await().during(Duration.ofSeconds(2)).atMost(WAIT).until(() -> !connection.isAttached());
        assertThat(way.asked).isEmpty();
        assertThat(agent.callers).isEmpty();
    }

    @Test
    void aPortForwardThatFailsIsTriedAgain() throws IOException {
        way.failures.set(1);
        connect(listed().setPort(nobody()), true);
        until(connection::isForwarded);
        assertThat(way.asked).hasSize(2);
    }

    @Test
    void aTicketThatIsDeniedAtTheAddressIsNotTriedByThePodToo() {
        connect(listed().setTicket(ByteString.EMPTY), true);
        // At once, and then only after minutes.
        until(() -> agent.refused.get() == 2);
        assertThat(way.asked).isEmpty();
    }

    @Test
    void anAddressThatFellSilentIsLeftForThePod() {
        connect(listed(), true);
        until(connection::isAttached);
        agent.silent = true;
        until(() -> !connection.isAttached());
        agent.silent = false;
        until(connection::isForwarded);
        assertThat(way.asked).containsExactly("shop/web-1:4242");
    }

    @Test
    void aPortForwardIsLeftForAnAddressWhenThereIsReasonToLook() throws IOException {
        int port = nobody();
        connect(listed().setPort(port), true);
        until(connection::isForwarded);
        try (var here = new PlayedAgent("agent-session", identity, port, agent)) {
            connection.reconsider();
            until(() -> connection.isAttached() && !connection.isForwarded());
            assertThat(here.callers).containsOnly(SESSION);
            until(() -> agent.connections.get() == 0);
        }
    }
}
