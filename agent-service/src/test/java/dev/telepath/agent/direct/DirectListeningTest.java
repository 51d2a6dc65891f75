package dev.telepath.agent.direct;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.liveness.Rhythm;
import dev.telepath.tunnel.reconnect.Backoff;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When an agent listens for clients, and how its manager comes to know. */
@NullUnmarked
@Timeout(60)
class DirectListeningTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final EventLoop loop = loops.next();
    private DirectListening listening;

    private void start(Duration grace, Duration retry) {
        var metrics = new SimpleMeterRegistry();
        var streams = new AgentStreams(
                new CarriedStreams(loop, CarrySettings.STANDARD, new Blocks(), metrics),
                null,
                new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)),
                Duration.ZERO);
        listening = new DirectListening(
                true,
                false,
                streams,
                new Credit(32 * 1024, 1 << 20),
                Rhythm.STANDARD,
                grace,
                retry,
                loop,
                ForkJoinPool.commonPool(),
                metrics);
    }

    private void engage(PlayedManager manager) {
        loop.execute(() -> {
            listening.attached(manager, HERE);
            listening.engaged(true);
        });
    }

    @AfterEach
    void end() {
        loop.execute(listening::close);
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static void connects(AgentListener where) throws Exception {
        try (var socket = new Socket(InetAddress.getByAddress(where.getAddress().toByteArray()), where.getPort())) {
            assertThat(socket.isConnected()).isTrue();
        }
    }

    @Test
    void aManagerThatFailedToCertifyOrToHearIsAskedAgainUntilItKnows() throws Exception {
        var manager = new PlayedManager(2, 2);
        start(Duration.ZERO, Duration.ofMillis(20));

        engage(manager);

        await().atMost(SOON).until(() -> !manager.told.isEmpty());
        assertThat(manager.certifyCalls).hasValue(3);
        assertThat(manager.told.getFirst().getAddress()).isEqualTo(ByteString.copyFrom(HERE.getAddress()));
        connects(manager.told.getFirst());
    }

    @Test
    void theNextManagerIsToldWhatTheOneBeforeFailedToHear() throws Exception {
        var deaf = new PlayedManager(0, Integer.MAX_VALUE);
        var next = new PlayedManager(0, 0);
        start(Duration.ZERO, Duration.ofHours(1));
        engage(deaf);
        await().atMost(SOON).until(() -> deaf.certifyCalls.get() == 1);

        loop.execute(() -> {
            listening.detached();
            listening.attached(next, HERE);
        });

        await().atMost(SOON).until(() -> !next.told.isEmpty());
        connects(next.told.getFirst());
        assertThat(deaf.told).isEmpty();
    }

    @Test
    void whenNobodyEngagesAnyMoreTheManagerHearsItEvenIfItFailedToAtFirst() {
        var manager = new PlayedManager(0, 0);
        start(Duration.ZERO, Duration.ofMillis(20));
        engage(manager);
        await().atMost(SOON).until(() -> !manager.told.isEmpty());

        manager.failNext(2);
        loop.execute(() -> listening.engaged(false));

        await().atMost(SOON).until(() -> manager.told.size() == 2);
        assertThat(manager.told.getLast()).isEqualTo(AgentListener.getDefaultInstance());
    }
}
