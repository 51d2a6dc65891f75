package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.tunnel.bridge.Credit;
import io.netty.channel.Channel;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CallWindowTest {
    private static final int FIRST = 256 * 1024;

    private final Played peer = new Played();

    /** Answers a ping when it is told to. */
    private static final class Played implements CallWindow.Peer {
        final List<Integer> windows = new ArrayList<>();
        final List<Runnable> pings = new ArrayList<>();
        long now;
        int asked;

        CallWindow window() {
            return new CallWindow(this, FIRST, () -> now);
        }

        @Override
        public void ping(Runnable answered) {
            asked++;
            pings.add(answered);
        }

        @Override
        public void window(int bytes) {
            windows.add(bytes);
        }

        void answer() {
            pings.removeFirst().run();
        }
    }

    @Test
    void aRoundTripThatBringsAThirdOfTheWindowDoublesItUpToItsMost() {
        CallWindow window = peer.window();
        for (int held = FIRST; held < CallWindow.MOST; held *= 2) {
            window.took(held / 4);
            window.took(held / 3 + 1);
            peer.answer();
        }
        assertThat(peer.windows).containsExactly(2 * FIRST, 4 * FIRST, CallWindow.MOST);
        window.took(CallWindow.MOST);
        assertThat(peer.pings).isEmpty();
    }

    @Test
    void aRoundTripThatBringsLittleChangesNothingAndTheNextIsMeasuredAfterAPause() {
        CallWindow window = peer.window();
        window.took(FIRST);
        window.took(FIRST / 4);
        peer.answer();
        window.took(FIRST);
        assertThat(peer.asked).isEqualTo(1);
        peer.now += CallWindow.PAUSE.toNanos();
        window.took(1);
        assertThat(peer.asked).isEqualTo(2);
        assertThat(peer.windows).isEmpty();
    }

    @Test
    void requestsOfAFewBytesAskForNothing() {
        CallWindow window = peer.window();
        for (int sent = 0; sent + 1000 < FIRST / 4; sent += 1000) {
            window.took(1000);
        }
        assertThat(peer.asked).isZero();
    }

    @Property(tries = 500)
    void windowsOnlyGrowByDoublingAndOnePingIsUnderWayAtMost(
            @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 400_000) Integer> steps) {
        var played = new Played();
        CallWindow window = played.window();
        for (int step : steps) {
            if (step % 3 == 0 && !played.pings.isEmpty()) {
                played.answer();
            } else if (step % 3 == 1) {
                played.now += step * 1000L;
            }
            window.took(step);
            assertThat(played.pings).hasSizeLessThanOrEqualTo(1);
        }
        int before = FIRST;
        for (int next : played.windows) {
            assertThat(next).isEqualTo(2 * before).isLessThanOrEqualTo(CallWindow.MOST);
            before = next;
        }
    }

    /** What the server says is held back until the client has sent as much as it may: a long way, without any clock. */
    @Test
    @Timeout(60)
    void aPeerBehindALongWayIsToldAWiderWindow() throws Exception {
        Vertx vertx = Vertx.vertx();
        try {
            var taken = new AtomicLong();
            var options = new HttpServerOptions()
                    .setInitialSettings(new Http2Settings().setInitialWindowSize(FIRST))
                    .setHttp2ConnectionWindowSize(16 * FIRST);
            var server = vertx.createHttpServer(options)
                    .requestHandler(request -> new HttpCall(request, "test").answer(new Credit(1, 0), asked -> {
                        asked.subscribe(new Taking(taken));
                        return nothing -> {};
                    }));
            int port = done(server.listen(0, "127.0.0.1").toCompletionStage()).actualPort();
            var client = vertx.createHttpClient(new HttpClientOptions()
                    .setProtocolVersion(HttpVersion.HTTP_2)
                    .setHttp2ClearTextUpgrade(false));
            var request = done(
                    client.request(HttpMethod.POST, port, "127.0.0.1", "/test").toCompletionStage());
            var windows = new AtomicLong();
            request.connection().remoteSettingsHandler(settings -> windows.set(settings.getInitialWindowSize()));
            request.setChunked(true).sendHead();
            await().until(() -> request.connection().remoteSettings().getInitialWindowSize() == FIRST);

            Channel channel = ((ConnectionBase) request.connection()).channel();
            var held = new HeldReads();
            done(vertx.executeBlocking(() -> channel.pipeline().addFirst(held)).toCompletionStage());
            request.write(Buffer.buffer(new byte[2 * FIRST]));
            await().until(() -> taken.get() >= FIRST);
            channel.eventLoop().execute(() -> held.pass(channel.pipeline()));

            await().until(() -> windows.get() == 2 * FIRST);
        } finally {
            done(vertx.close().toCompletionStage());
        }
    }

    /** Takes whatever comes. */
    private record Taking(AtomicLong taken) implements Flow.Subscriber<Buffer> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Buffer chunk) {
            taken.addAndGet(chunk.length());
        }

        @Override
        public void onError(Throwable cause) {
            // The connection ends with the test.
        }

        @Override
        public void onComplete() {
            // Nothing to do.
        }
    }

    private static <T> T done(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
