package dev.telepath.agent.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.engage.Engagements.Hold;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoop;
import io.netty.handler.codec.http2.Http2FrameStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;

/** Whole conversations through a split, between ends in memory. */
class Http1SplitTest {
    private static final DefaultEventLoop LOOP = new DefaultEventLoop();
    private static final String ALICE = "X-User: alice\r\n";
    private static final List<String> REQUESTS = List.of(
            "GET /1 HTTP/1.1\r\n" + ALICE + "\r\n",
            "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST /3 HTTP/1.1\r\n" + ALICE + "Content-Length: 14\r\n\r\nGET / HTTP/1.1",
            "POST /4 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");

    @AfterContainer
    static void end() {
        LOOP.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    /** A server that answers each request with its name and the request's number there. */
    private static final class Answering extends MemoryEnd {
        private final String name;
        private HeadCollector head = new HeadCollector();
        private Body body = Body.none();
        private boolean inBody;
        private int count;

        Answering(String name) {
            this.name = name;
            reading(this::read);
        }

        private void read(ByteString bytes) {
            ByteString rest = bytes;
            while (!rest.isEmpty()) {
                rest = rest.substring(inBody ? body.take(rest) : head.take(rest));
                if (!inBody && head.isComplete()) {
                    body = HttpHead.request(head.lines()).orElseThrow().body();
                    head = new HeadCollector();
                    inBody = true;
                }
                if (inBody && body.done()) {
                    inBody = false;
                    say(answer(name, count++));
                }
            }
        }
    }

    private static String answer(String name, int number) {
        String text = name + number;
        return "HTTP/1.1 200 OK\r\nContent-Length: " + text.length() + "\r\n\r\n" + text;
    }

    private static class Rig implements Ways {
        final MemoryEnd caller = new MemoryEnd();
        final MemoryEnd app;
        final MemoryEnd alice;
        CompletionStage<StreamEnd> clientDial;

        Rig(MemoryEnd app, MemoryEnd alice) {
            this.app = app;
            this.alice = alice;
            clientDial = CompletableFuture.completedFuture(alice);
        }

        void start(Duration patience) {
            LOOP.execute(() -> Http1Split.start(caller, LOOP, this, patience));
        }

        @Override
        public Hold hold() {
            var engagement = new Engagement(
                    "i",
                    "session",
                    "alice@laptop",
                    InetSocketAddress.createUnresolved("127.0.0.1", 1),
                    Duration.ofSeconds(1),
                    Duration.ZERO,
                    false,
                    HttpFilter.of(Map.of("x-user", "alice"), List.of(), List.of()));
            return new Hold(Optional.empty(), List.of(engagement), List.of());
        }

        @Override
        public CompletionStage<? extends StreamEnd> workload() {
            return CompletableFuture.completedFuture(app);
        }

        @Override
        public CompletionStage<? extends StreamEnd> client(Engagement engagement) {
            return clientDial;
        }

        @Override
        public void decided(boolean toClient) {}

        String answers() throws Exception {
            return caller.all().get(10, TimeUnit.SECONDS);
        }
    }

    @Provide
    Arbitrary<List<String>> sequences() {
        return Arbitraries.of(REQUESTS).list().ofMinSize(1).ofMaxSize(8);
    }

    @Property(tries = 300)
    void everyRequestReachesItsOwnerAndAnswersKeepTheirOrderHoweverTheBytesAreCut(
            @ForAll("sequences") List<String> requests, @ForAll @Size(max = 20) List<@IntRange(max = 400) Integer> cuts)
            throws Exception {
        var rig = new Rig(new Answering("app"), new Answering("alice"));
        rig.start(Duration.ofMinutes(1));
        pieces(String.join("", requests), cuts).forEach(rig.caller::say);
        rig.caller.finish();
        var expected = new StringBuilder();
        var forAlice = new StringBuilder();
        var forApp = new StringBuilder();
        int alices = 0;
        int apps = 0;
        for (String request : requests) {
            boolean hers = request.contains(ALICE);
            (hers ? forAlice : forApp).append(request);
            expected.append(hers ? answer("alice", alices++) : answer("app", apps++));
        }
        assertThat(rig.answers()).isEqualTo(expected.toString());
        assertThat(rig.alice.got()).isEqualTo(forAlice.toString());
        assertThat(rig.app.got()).isEqualTo(forApp.toString());
    }

    static List<String> pieces(String whole, List<Integer> cuts) {
        var pieces = new ArrayList<String>();
        int from = 0;
        for (int cut : cuts.stream().sorted().distinct().toList()) {
            if (cut > from && cut < whole.length()) {
                pieces.add(whole.substring(from, cut));
                from = cut;
            }
        }
        pieces.add(whole.substring(from));
        return pieces;
    }

    @Example
    void aClientThatIsAwayLeavesItsRequestsToTheWorkload() throws Exception {
        var rig = new Rig(new Answering("app"), new MemoryEnd());
        rig.clientDial = CompletableFuture.failedFuture(new StreamFailure.ConnectionLost("away"));
        rig.start(Duration.ofMinutes(1));
        rig.caller.say(REQUESTS.getFirst());
        rig.caller.finish();
        assertThat(rig.answers()).isEqualTo(answer("app", 0));
    }

    @Example
    void aLocalProcessThatRefusesIsToldToTheCallerAsBadGateway() throws Exception {
        var rig = new Rig(new Answering("app"), new MemoryEnd());
        rig.clientDial = CompletableFuture.failedFuture(new StreamFailure.DialRefused("nobody"));
        rig.start(Duration.ofMinutes(1));
        rig.caller.say(REQUESTS.getFirst());
        assertThat(rig.answers()).startsWith("HTTP/1.1 502 ").contains("alice@laptop");
        assertThat(rig.app.got()).isEmpty();
    }

    @Example
    void whatIsNoCertainRequestIsTheWorkloadsFromThereOn() throws Exception {
        String doubtful = "POST / HTTP/1.1\r\n" + ALICE + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (String first : List.of("*1\r\n$4\r\nPING\r\n", doubtful, "GET key\r\n")) {
            var rig = new Rig(new MemoryEnd(), new MemoryEnd());
            rig.start(Duration.ofMinutes(1));
            rig.caller.say(first);
            rig.caller.say(REQUESTS.getFirst());
            rig.caller.finish();
            assertThat(rig.app.all().get(10, TimeUnit.SECONDS)).isEqualTo(first + REQUESTS.getFirst());
            assertThat(rig.alice.got()).isEmpty();
        }
    }

    @Example
    void aServerThatSpeaksFirstIsHeardWhenTheCallerIsSilent() throws Exception {
        var app = new MemoryEnd();
        var rig = new Rig(app, new MemoryEnd());
        app.say("220 welcome\r\n");
        app.finish();
        rig.start(Duration.ofMillis(10));
        assertThat(rig.answers()).isEqualTo("220 welcome\r\n");
    }

    @Example
    void aServerThatSpeaksFirstIsHeardThoughTheCallerDidToo() throws Exception {
        var app = new MemoryEnd();
        var rig = new Rig(app, new MemoryEnd());
        app.say("220 welcome\r\n");
        rig.start(Duration.ofMinutes(1));
        rig.caller.say("\0no HTTP");
        rig.caller.finish();
        assertThat(rig.answers()).isEqualTo("220 welcome\r\n");
        assertThat(app.all().get(10, TimeUnit.SECONDS)).isEqualTo("\0no HTTP");
    }

    @Example
    void anHttp2ServerThatGreetsBeforeItIsAskedAnswers() throws Exception {
        var server = new Http2Peer(true);
        var alice = new MemoryEnd();
        alice.say(server.sent());
        var rig = new Rig(new MemoryEnd(), alice);
        alice.reading(bytes -> {
            server.writeInbound(Unpooled.wrappedBuffer(bytes.toByteArray()));
            server.answer("hello");
            alice.say(server.sent());
        });
        var caller = new Http2Peer.Caller();
        Http2FrameStream asked = caller.ask("alice", "/a", "body");
        var answer = new CompletableFuture<String>();
        rig.caller.reading(bytes -> {
            caller.writeInbound(Unpooled.wrappedBuffer(bytes.toByteArray()));
            String heard = caller.heard.getOrDefault(asked, "");
            if (heard.endsWith(".") || heard.endsWith("reset")) {
                answer.complete(heard);
            }
        });
        rig.start(Duration.ofMinutes(1));
        rig.caller.say(caller.sent());

        assertThat(answer.get(10, TimeUnit.SECONDS)).endsWith("hello.");
        rig.caller.finish();
        caller.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    @Example
    void afterASwitchOfProtocolsTheConnectionStaysWhereItIs() throws Exception {
        var alice = new MemoryEnd();
        var rig = new Rig(new MemoryEnd(), alice);
        alice.reading(bytes -> {
            if (!alice.got().contains("GET /2") && alice.got().endsWith("\r\n\r\n")) {
                alice.say("HTTP/1.1 101 Switching\r\n\r\nraw");
                rig.caller.say(REQUESTS.get(1));
                rig.caller.finish();
            }
        });
        rig.start(Duration.ofMinutes(1));
        rig.caller.say("GET /ws HTTP/1.1\r\nUpgrade: x\r\n" + ALICE + "\r\n");
        assertThat(rig.answers()).isEqualTo("HTTP/1.1 101 Switching\r\n\r\nraw");
        assertThat(alice.got()).endsWith(REQUESTS.get(1));
        assertThat(rig.app.got()).isEmpty();
    }

    @Example
    void aWorkloadThatIsNotReachedResetsTheCaller() {
        var rig = new Rig(new MemoryEnd(), new MemoryEnd()) {
            @Override
            public CompletionStage<? extends StreamEnd> workload() {
                return CompletableFuture.failedFuture(new StreamFailure.DialRefused("nobody"));
            }
        };
        rig.start(Duration.ofMinutes(1));
        rig.caller.say(REQUESTS.get(1));
        assertThatThrownBy(rig::answers).hasCauseInstanceOf(StreamFailure.Reset.class);
    }
}
