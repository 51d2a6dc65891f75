package dev.telepath.manager.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.tunnel.bridge.Credit;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A call on a real HTTP/2 connection, whose peer takes its answer as it likes. */
@Timeout(60)
class HttpCallTest {
    private static final int CHUNK = 64 * 1024;
    private static final int WINDOW = 4 * CHUNK;
    private static final int CHUNKS = 40;
    /** Eight bytes, for a ping. */
    private static final String LAST = "the last";

    private final Vertx vertx = Vertx.vertx();
    private final AtomicLong given = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final CompletableFuture<Channel> channel = new CompletableFuture<>();

    private HttpClient client;
    private HttpClientResponse answer;

    @BeforeEach
    void oneCallWhoseAnswerNobodyReadsYet() throws Exception {
        HttpServer server = vertx.createHttpServer().requestHandler(request -> {
            channel.complete(((ConnectionBase) request.connection()).channel());
            new HttpCall(request, "test").answer(new Credit(1, 0), asked -> new Chunks());
        });
        int port = done(server.listen(0, "127.0.0.1").toCompletionStage()).actualPort();
        client = vertx.createHttpClient(new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setInitialSettings(new Http2Settings().setInitialWindowSize(WINDOW))
                .setHttp2ConnectionWindowSize(16 * WINDOW));
        var request =
                done(client.request(HttpMethod.POST, port, "127.0.0.1", "/test").toCompletionStage());
        answer = done(request.send()
                .onSuccess(response -> {
                    response.pause();
                    response.handler(bytes -> received.addAndGet(bytes.length()));
                })
                .toCompletionStage());
    }

    @Test
    void anAnswerThatIsReadIsGivenWhole() {
        answer.resume();

        await().until(() -> received.get() == (long) CHUNKS * CHUNK);
    }

    @Test
    void anAnswerThatNobodyReadsIsPulledNoFurtherThanItsWindow() throws Exception {
        await().until(() -> given.get() >= WINDOW / CHUNK);

        // Its event loop pulls; whatever it would still do at once is behind it in this task.
        long pulled = channel.get().eventLoop().submit(given::get).get(20, TimeUnit.SECONDS);
        assertThat(pulled).isLessThanOrEqualTo(WINDOW / CHUNK + 1);
    }

    /**
     * The peer's window opens while the socket's buffer is full for the moment of one read. Netty then marks the stream as
     * not writable, and the connection, which it does not mark, has nothing to tell when there is room again: a call that
     * goes by {@code writeQueueFull} stands still for ever.
     */
    @Test
    void aWindowThatOpensWhileTheSocketsBufferIsFullIsNotMissed() throws Exception {
        await().until(() -> given.get() >= WINDOW / CHUNK);
        var held = new HeldReads();
        Channel connection = channel.get();
        connection.pipeline().addFirst(held);

        answer.resume();
        await().until(() -> received.get() == WINDOW);
        var unused = answer.request().connection().ping(Buffer.buffer(LAST));
        // Whatever the client said of its window was before its ping.
        await().until(() -> held.text().contains(LAST));
        connection.eventLoop().submit(() -> passWhileFull(held, connection)).get(20, TimeUnit.SECONDS);

        await().until(() -> received.get() == (long) CHUNKS * CHUNK);
    }

    private static void passWhileFull(HeldReads held, Channel to) {
        ChannelOutboundBuffer buffer = to.unsafe().outboundBuffer();
        buffer.setUserDefinedWritability(1, false);
        held.pass(to.pipeline());
        buffer.setUserDefinedWritability(1, true);
    }

    /** Gives a chunk for each one that is asked for. */
    private final class Chunks implements Flow.Publisher<Buffer> {
        @Override
        public void subscribe(Flow.Subscriber<? super Buffer> to) {
            to.onSubscribe(new Flow.Subscription() {
                @Override
                public void request(long n) {
                    for (long i = 0; i < n && given.get() < CHUNKS; i++) {
                        if (given.incrementAndGet() <= CHUNKS) {
                            to.onNext(Buffer.buffer(new byte[CHUNK]));
                        }
                    }
                }

                @Override
                public void cancel() {
                    // Nothing to free.
                }
            });
        }
    }

    @AfterEach
    void close() throws Exception {
        done(vertx.close().toCompletionStage());
    }

    private static <T> T done(java.util.concurrent.CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
