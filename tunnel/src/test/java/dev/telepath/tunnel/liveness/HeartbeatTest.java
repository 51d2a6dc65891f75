package dev.telepath.tunnel.liveness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
    private static final Rhythm FAST = new Rhythm(Duration.ofMillis(20), Duration.ofSeconds(2));

    private final NioEventLoopGroup serverLoop = new NioEventLoopGroup(1);
    private final NioEventLoopGroup clientLoop = new NioEventLoopGroup(1);
    private final Capabilities peer = new Capabilities("test", new SimpleMeterRegistry());
    private final List<Loss> losses = new CopyOnWriteArrayList<>();
    private final List<Pulse> heard = new CopyOnWriteArrayList<>();
    private final AtomicInteger silent = new AtomicInteger();
    private volatile boolean answers = true;
    private volatile boolean known = true;
    private Duration limit = Duration.ofSeconds(30);
    private Server server;
    private ManagedChannel channel;

    @BeforeEach
    void listen() throws IOException {
        serve(new LivenessGrpc.LivenessImplBase() {
            @Override
            public StreamObserver<Pulse> beat(StreamObserver<Pulse> response) {
                return CallBridge.serve(
                        response,
                        serverLoop.next(),
                        Credit.standard(),
                        pulses -> answer().answer(pulses).filter(pulse -> answers));
            }
        });
    }

    private HeartbeatAnswer answer() {
        return new HeartbeatAnswer(
                Loop.of(serverLoop.next()),
                limit,
                pulse -> {
                    heard.add(pulse);
                    if (!known) {
                        throw Status.NOT_FOUND
                                .withDescription("session unknown")
                                .asRuntimeException();
                    }
                },
                silent::incrementAndGet);
    }

    private void serve(BindableService... services) throws IOException {
        var builder = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .bossEventLoopGroup(serverLoop)
                .workerEventLoopGroup(serverLoop)
                .channelType(NioServerSocketChannel.class)
                .directExecutor();
        for (BindableService service : services) {
            builder.addService(service);
        }
        server = builder.build().start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .eventLoopGroup(clientLoop)
                .channelType(NioSocketChannel.class)
                .directExecutor()
                .build();
    }

    @AfterEach
    void close() {
        channel.shutdownNow();
        server.shutdownNow();
        clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        serverLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Heartbeat start(Rhythm rhythm) {
        var heartbeat = new Heartbeat(channel, peer, "session-1", rhythm, Loop.of(clientLoop.next()), losses::add);
        heartbeat.start();
        return heartbeat;
    }

    @Test
    void pulsesAreAnsweredAndNothingIsLost() {
        start(FAST);
        await().until(() -> heard.size() >= 10);
        assertThat(losses).isEmpty();
        assertThat(heard.getFirst().getSessionId()).isEqualTo("session-1");
        assertThat(heard).extracting(Pulse::getNumber).startsWith(1L, 2L, 3L);
        assertThat(peer.of(Capability.HEARTBEAT)).isEqualTo(Support.SUPPORTED);
    }

    @Test
    void anAnswerTellsHowLongItTook() {
        Heartbeat heartbeat = start(new Rhythm(Duration.ofMinutes(1), Duration.ofMinutes(10)));
        assertThat(new Heartbeat(channel, peer, "session-2", FAST, Loop.of(clientLoop.next()), losses::add).roundTrip())
                .isEmpty();
        await().until(() -> heartbeat.roundTrip().isPresent());
        assertThat(heartbeat.roundTrip().orElseThrow()).isBetween(Duration.ofNanos(1), Duration.ofSeconds(30));
        Duration first = heartbeat.roundTrip().orElseThrow();
        heartbeat.check(Duration.ofMinutes(1));
        await().until(() -> !heartbeat.roundTrip().orElseThrow().equals(first));
    }

    @Test
    void aPeerWhoseHandlerNoLongerAnswersIsSilent() {
        start(FAST);
        await().until(() -> heard.size() >= 3);
        answers = false;
        await().until(() -> !losses.isEmpty());
        assertThat(losses).extracting(Loss::cause).containsExactly(Cause.SILENCE);
    }

    @Test
    void aPeerWithAHungEventLoopIsSilentThoughItsConnectionLives() throws InterruptedException {
        start(FAST);
        await().until(() -> heard.size() >= 3);
        var hold = new java.util.concurrent.CountDownLatch(1);
        serverLoop.next().execute(() -> {
            try {
                hold.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        await().until(() -> !losses.isEmpty());
        hold.countDown();
        assertThat(losses).extracting(Loss::cause).containsExactly(Cause.SILENCE);
    }

    @Test
    void aPeerThatIsCheckedAndSilentIsGivenUpLongBeforeTheRhythmSays() {
        Heartbeat heartbeat = start(new Rhythm(Duration.ofSeconds(30), Duration.ofMinutes(5)));
        await().until(() -> heard.size() == 1);
        heartbeat.check(Duration.ofMillis(200));
        await().until(() -> heard.size() == 2);
        await().during(Duration.ofMillis(500)).until(losses::isEmpty);
        answers = false;
        heartbeat.check(Duration.ofMillis(200));
        await().until(() -> !losses.isEmpty());
        assertThat(losses).extracting(Loss::cause).containsExactly(Cause.SILENCE);
    }

    @Test
    void aPeerThatDoesNotKnowPulsesIsNoLoss() throws IOException {
        channel.shutdownNow();
        server.shutdownNow();
        serve();
        start(FAST);
        await().until(() -> peer.of(Capability.HEARTBEAT) == Support.UNSUPPORTED);
        await().during(Duration.ofMillis(300)).until(losses::isEmpty);
    }

    @Test
    void anUnknownSessionIsToldAsSuch() {
        known = false;
        start(FAST);
        await().until(() -> !losses.isEmpty());
        assertThat(losses).extracting(Loss::cause).containsExactly(Cause.SESSION_UNKNOWN);
    }

    @Test
    void anEdgeThatStopsIsFoundSilentAndToldWhy() {
        limit = Duration.ofMillis(300);
        start(new Rhythm(Duration.ofMillis(20), Duration.ofSeconds(30)));
        await().until(() -> heard.size() >= 3);
        var hold = new java.util.concurrent.CountDownLatch(1);
        clientLoop.next().execute(() -> {
            try {
                hold.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        await().until(() -> silent.get() == 1);
        hold.countDown();
        await().until(() -> !losses.isEmpty());
        assertThat(losses).extracting(Loss::cause).containsExactly(Cause.SILENCE);
        assertThat(silent).hasValue(1);
    }

    @Test
    void anEdgeThatBeatsSlowlyIsGivenThreeOfItsIntervals() {
        limit = Duration.ofMillis(3);
        start(new Rhythm(Duration.ofMillis(300), Duration.ofSeconds(30)));
        await().until(() -> heard.size() >= 4);
        assertThat(silent).hasValue(0);
        assertThat(losses).isEmpty();
    }

    @Test
    void anEndedHeartbeatEndsItsCallAndIsNeitherLostNorSilent() {
        limit = Duration.ofSeconds(1);
        Heartbeat heartbeat = start(FAST);
        await().until(() -> heard.size() >= 2);
        heartbeat.end();
        int count = heard.size();
        await().during(Duration.ofMillis(1500)).until(() -> losses.isEmpty() && silent.get() == 0);
        assertThat(heard.size()).isLessThanOrEqualTo(count + 1);
    }
}
