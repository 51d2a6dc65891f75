package dev.telepath.agent.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.operators.multi.processors.UnicastProcessor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;

/** What of a caller's bytes goes to the one who taps some requests. */
class RequestCopyTest {
    private static final DefaultEventLoop LOOP = new DefaultEventLoop();
    private static final Duration LINGER = Duration.ofSeconds(10);
    private static final String ALICE = "X-User: alice\r\n";
    private static final HttpFilter HERS = HttpFilter.of(Map.of("x-user", "alice"), List.of(), List.of());
    private static final List<String> REQUESTS = List.of(
            "GET /1 HTTP/1.1\r\n" + ALICE + "\r\n",
            "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /3 HTTP/1.1\r\n" + ALICE + "Content-Length: 14\r\n\r\nGET / HTTP/1.1",
            "POST /4 HTTP/1.1\r\nContent-Length: 18\r\n\r\n" + ALICE + "---",
            "GET /5 HTTP/1.1\r\nUpgrade: h2c\r\n" + ALICE + "\r\n",
            "POST /6 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + ALICE + "\r\n5\r\nhello\r\n0\r\n\r\n");

    @AfterContainer
    static void end() {
        LOOP.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static Frame data(String text) {
        return new Frame.Data(ByteString.copyFrom(text, StandardCharsets.ISO_8859_1));
    }

    private static void copy(List<String> pieces, Supplier<CompletionStage<StreamEnd>> dial) {
        RequestCopy.start(Multi.createFrom().iterable(pieces).map(RequestCopyTest::data), HERS, dial, LINGER, LOOP);
    }

    private static String copied(String... pieces) throws Exception {
        var local = new MemoryEnd();
        copy(List.of(pieces), () -> CompletableFuture.completedFuture(local));
        return local.all().get(10, TimeUnit.SECONDS);
    }

    @Provide
    Arbitrary<List<String>> sequences() {
        return Arbitraries.of(REQUESTS).list().ofMinSize(1).ofMaxSize(8);
    }

    @Property(tries = 300)
    void thoseThatMatchArriveWholeAndInOrderHoweverTheBytesAreCut(
            @ForAll("sequences") List<String> requests, @ForAll @Size(max = 20) List<@IntRange(max = 500) Integer> cuts)
            throws Exception {
        String first = REQUESTS.getFirst();
        var hers = new StringBuilder(first);
        requests.stream()
                .filter(request -> request.indexOf(ALICE) >= 0 && request.indexOf(ALICE) < request.indexOf("\r\n\r\n"))
                .forEach(hers::append);
        String[] pieces =
                Http1SplitTest.pieces(first + String.join("", requests), cuts).toArray(String[]::new);

        assertThat(copied(pieces)).isEqualTo(hers.toString());
    }

    @Example
    void nothingIsDialledForAConnectionWithoutSuchARequest() {
        var dials = Collections.synchronizedList(new ArrayList<String>());
        var done = new CompletableFuture<Void>();
        RequestCopy.start(
                Multi.createFrom()
                        .items(data(REQUESTS.get(1)), data(REQUESTS.get(3)))
                        .onCompletion()
                        .invoke(() -> done.complete(null)),
                HERS,
                () -> {
                    dials.add("dialled");
                    return CompletableFuture.<StreamEnd>failedFuture(new AssertionError("nobody asked for that"));
                },
                LINGER,
                LOOP);

        assertThat(done.orTimeout(10, TimeUnit.SECONDS)).isCompletedWithValue(done.join());
        assertThat(dials).isEmpty();
    }

    @Example
    void whatIsNoHttpGoesNowhere() throws Exception {
        var dialled = new ArrayList<String>();
        RequestCopy.start(
                Multi.createFrom().items(data("\u0016\u0003\u0001 " + ALICE), data(REQUESTS.getFirst())),
                HERS,
                () -> {
                    dialled.add("once");
                    return new CompletableFuture<StreamEnd>();
                },
                LINGER,
                LOOP);

        LOOP.submit(() -> {}).get(10, TimeUnit.SECONDS);
        LOOP.submit(() -> {}).get(10, TimeUnit.SECONDS);
        assertThat(dialled).isEmpty();
    }

    @Example
    void aRequestWhoseEndIsNotCertainIsTheLastThatIsLookedAt() throws Exception {
        String doubtful = "POST /d HTTP/1.1\r\n" + ALICE + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";

        assertThat(copied(REQUESTS.getFirst(), doubtful, REQUESTS.getFirst())).isEqualTo(REQUESTS.getFirst());
    }

    @Example
    void whatFollowsAnUpgradeBelongsToItsRequest() throws Exception {
        String upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n" + ALICE + "\r\n";

        assertThat(copied(upgrade, "\u0081\u0002hi", REQUESTS.get(1)))
                .isEqualTo(upgrade + "\u0081\u0002hi" + REQUESTS.get(1));
        assertThat(copied(REQUESTS.getFirst(), upgrade.replace("alice", "carol"), REQUESTS.getFirst()))
                .isEqualTo(REQUESTS.getFirst());
    }

    @Example
    void aLocalProcessThatClosesIsDialledAgainForTheNextRequest() throws Exception {
        var locals = List.of(new MemoryEnd(), new MemoryEnd());
        var dials = new ArrayList<StreamEnd>(locals);
        var source = UnicastProcessor.<Frame>create();
        RequestCopy.start(source, HERS, () -> CompletableFuture.completedFuture(dials.removeFirst()), LINGER, LOOP);

        source.onNext(data(REQUESTS.getFirst()));
        await().until(() -> locals.getFirst().got().equals(REQUESTS.getFirst()));
        locals.getFirst().finish();
        LOOP.submit(() -> {}).get(10, TimeUnit.SECONDS);
        source.onNext(data(REQUESTS.get(2)));
        source.onComplete();

        assertThat(locals.get(1).all().get(10, TimeUnit.SECONDS)).isEqualTo(REQUESTS.get(2));
    }

    @Example
    void aRequestForWhichNobodyCouldBeDialledIsLostAndTheNextOneIsNot() throws Exception {
        var local = new MemoryEnd();
        var dials = new ArrayList<CompletionStage<StreamEnd>>(List.of(
                CompletableFuture.failedFuture(new StreamFailure.DialRefused("nobody listens")),
                CompletableFuture.completedFuture(local)));
        copy(List.of(REQUESTS.get(2), REQUESTS.getFirst()), dials::removeFirst);

        assertThat(local.all().get(10, TimeUnit.SECONDS)).isEqualTo(REQUESTS.getFirst());
    }

    @Property(tries = 100)
    void theStreamsOfHttp2ThatMatchArriveOnAConnectionOfTheirOwnHoweverTheBytesAreCut(
            @ForAll @Size(min = 1, max = 12) List<Boolean> whose,
            @ForAll @Size(max = 20) List<@IntRange(max = 2000) Integer> cuts)
            throws Exception {
        var caller = new Http2Peer.Caller();
        var expected = new ArrayList<String>();
        for (int i = 0; i < whose.size(); i++) {
            String path = "/" + i;
            caller.ask(whose.get(i) ? "alice" : "carol", path, "body " + i);
            if (whose.get(i)) {
                expected.add(path + " body " + i + ".");
            }
        }
        var server = new Http2Peer(true);
        var local = new MemoryEnd();
        local.reading(bytes -> {
            synchronized (server) {
                server.writeInbound(Unpooled.copiedBuffer(bytes.toByteArray()));
                String answer = server.sent();
                if (!answer.isEmpty()) {
                    local.say(answer);
                }
            }
        });
        var source = UnicastProcessor.<Frame>create();
        RequestCopy.start(source, HERS, () -> CompletableFuture.completedFuture(local), LINGER, LOOP);
        Http1SplitTest.pieces(caller.sent(), cuts).forEach(piece -> source.onNext(data(piece)));

        await().until(() -> {
            synchronized (server) {
                return server.heard.values().stream()
                                .filter(text -> text.endsWith("."))
                                .count()
                        >= expected.size();
            }
        });
        synchronized (server) {
            assertThat(server.heard.values()).containsExactlyElementsOf(expected);
        }
        source.onComplete();
        caller.finishAndReleaseAll();
    }

    @Example
    void aLocalProcessThatGreetsBeforeItIsAskedGetsEveryCopy() {
        var caller = new Http2Peer.Caller();
        var server = new Http2Peer(true);
        var local = new MemoryEnd();
        local.say(server.sent());
        local.reading(bytes -> {
            synchronized (server) {
                server.writeInbound(Unpooled.copiedBuffer(bytes.toByteArray()));
                local.say(server.sent());
            }
        });
        var source = UnicastProcessor.<Frame>create();
        RequestCopy.start(source, HERS, () -> CompletableFuture.completedFuture(local), LINGER, LOOP);

        for (String path : List.of("/a", "/b")) {
            caller.ask("alice", path, "body");
            source.onNext(data(caller.sent()));
            await().until(() -> {
                synchronized (server) {
                    return server.heard.containsValue(path + " body.");
                }
            });
        }
        source.onComplete();
        caller.finishAndReleaseAll();
    }

    @Example
    void aResetOfACopiedStreamIsToldAndBytesThatAreNoFramesEndTheCopy() throws Exception {
        var caller = new Http2Peer.Caller();
        Http2FrameStream asked = caller.ask("alice", "/a", "body");
        String begun = caller.sent();
        caller.writeOutbound(new DefaultHttp2ResetFrame(8).stream(asked));
        String reset = caller.sent();
        var server = new Http2Peer(true);
        var local = new MemoryEnd();
        local.reading(bytes -> {
            synchronized (server) {
                server.writeInbound(Unpooled.copiedBuffer(bytes.toByteArray()));
            }
        });
        var source = UnicastProcessor.<Frame>create();
        RequestCopy.start(source, HERS, () -> CompletableFuture.completedFuture(local), LINGER, LOOP);

        source.onNext(data(begun));
        source.onNext(data(reset));
        await().until(() -> {
            synchronized (server) {
                return server.heard.containsValue("/a body.reset");
            }
        });
        source.onNext(data("\u00ff\u00ff\u00ff" + "not a frame of HTTP/2 at all".repeat(10)));

        assertThat(local.all().handle((all, failure) -> failure).get(10, TimeUnit.SECONDS))
                .isInstanceOf(StreamFailure.class);
        caller.finishAndReleaseAll();
    }
}
