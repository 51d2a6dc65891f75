package dev.telepath.agent.carry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.DefaultEventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@NullUnmarked
class AgentStreamsTest {
    private static final Duration HOLD = Duration.ofMillis(300);

    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final AgentStreams streams = new AgentStreams(
            new CarriedStreams(loop, CarrySettings.STANDARD, new Blocks(), new SimpleMeterRegistry()),
            null,
            Backoff.STANDARD,
            HOLD);
    private final AtomicInteger links = new AtomicInteger();

    @AfterEach
    void close() {
        streams.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static Engagement engagement() {
        var target = new InetSocketAddress("127.0.0.1", 80);
        return new Engagement(
                "i", "client", "bob", target, Duration.ofSeconds(5), Duration.ZERO, false, HttpFilter.ALL);
    }

    private static ConnectionId id() {
        return ConnectionId.of(
                Protocol.TCP, new InetSocketAddress("127.0.0.1", 4000), new InetSocketAddress("127.0.0.1", 80));
    }

    private CompletableFuture<Void> opened() {
        RemoteEnd end = streams.open(engagement(), id()).orElseThrow().join();
        return end.dialled().toCompletableFuture();
    }

    private static Throwable failure(CompletableFuture<Void> dialled) {
        await().until(dialled::isDone);
        return dialled.exceptionNow();
    }

    @Test
    void withoutAManagerThatHasThemTheOlderWayIsTaken() {
        assertThat(streams.open(engagement(), id())).isEmpty();
        streams.attached(link -> links.incrementAndGet(), "agent");
        streams.detached();
        streams.attachedWithout();
        assertThat(streams.open(engagement(), id())).isEmpty();
    }

    @Test
    void aManagerThatRefusesTheLinkMakesTheStreamNotOffered() {
        streams.attached(link -> link.incoming().onError(Status.UNIMPLEMENTED.asRuntimeException()), "agent");

        assertThat(failure(opened())).isInstanceOf(StreamFailure.NotOffered.class);
        await().until(() -> streams.streams().open() == 0);
    }

    @Test
    void aNewConnectionIsHeldWhileTheManagerIsAwayAndThenFailsAsLost() {
        streams.attached(link -> links.incrementAndGet(), "agent");
        streams.detached();

        CompletableFuture<Void> dialled = opened();

        assertThat(failure(dialled))
                .isInstanceOf(StreamFailure.ConnectionLost.class)
                .hasMessage("the manager is away");
        assertThat(links).hasValue(0);
        await().until(() -> streams.streams().open() == 0);
    }

    @Test
    void aManagerThatComesBackWithinTheHoldGetsTheStream() {
        streams.attached(link -> links.incrementAndGet(), "agent");
        streams.detached();

        CompletableFuture<Void> dialled = opened();
        streams.attached(link -> links.incrementAndGet(), "agent");

        await().until(() -> links.get() == 1);
        await().during(HOLD.multipliedBy(2)).atMost(Duration.ofSeconds(10)).until(() -> !dialled.isDone());
    }
}
