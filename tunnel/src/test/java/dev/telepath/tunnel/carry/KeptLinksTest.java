package dev.telepath.tunnel.carry;

import static dev.telepath.tunnel.carry.CarryRig.whole;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.NullUnmarked;

/** Links that serve one stream after another, with the real edges, joined in memory. */
@NullUnmarked
class KeptLinksTest {
    private CarryRig rig = new CarryRig();

    @AfterTry
    void close() {
        rig.close();
    }

    private void with(CarrySettings settings) {
        rig.close();
        rig = new CarryRig(settings);
    }

    private static CarrySettings keeping(int idleLinks) {
        CarrySettings all = CarrySettings.STANDARD;
        return new CarrySettings(
                all.firstWindow(), all.mostWindow(), all.budget(), all.resumeWindow(), all.remember(), idleLinks);
    }

    /** One stream to that port, both ways and to its end. */
    private void exchange(int port, int up, int down) {
        Exchange.begin(rig, port, MemorySocket.sending(up, 1000), down, MemorySocket.sending(down, 1000), up)
                .isWhole();
    }

    private static ConnectionId to(int port) {
        return ConnectionId.of(
                Protocol.TCP, new InetSocketAddress("127.0.0.1", 40000), new InetSocketAddress("127.0.0.1", port));
    }

    private int reused() {
        return (int) rig.nearMeters.counter("telepath.links.reused").count();
    }

    @Example
    void streamsToOnePlaceShareALinkOneAfterTheOther() {
        rig.attach();

        for (int i = 0; i < 5; i++) {
            exchange(80, 3000 + i, 100_000 * i);
        }

        assertThat(rig.wires).hasSize(1);
        assertThat(rig.dials).hasValue(5);
        assertThat(reused()).isEqualTo(4);
        assertThat(rig.near.idleLinks()).isEqualTo(1);
    }

    @Example
    void streamsToAnotherPlaceOrAtTheSameTimeHaveAnotherLink() {
        rig.attach();
        exchange(80, 10, 10);
        exchange(81, 10, 10);
        assertThat(rig.wires).hasSize(2);

        rig.dial = CompletableFuture::new;
        rig.initiator.open(to(80), Duration.ofSeconds(5), "");
        rig.initiator.open(to(80), Duration.ofSeconds(5), "");

        CarryRig.soon().until(() -> rig.wires.size() == 3 && rig.dials.get() == 4);
        assertThat(rig.near.idleLinks()).isEqualTo(1);
    }

    @Example
    void aLinkThatIsLostWhileItRestsOnlyCostsTheNextStreamACallOfItsOwn() {
        rig.attach();
        exchange(80, 10, 10);

        rig.cut();
        CarryRig.soon().until(() -> rig.near.idleLinks() == 0);
        exchange(80, 10, 10);

        assertThat(rig.wires).hasSize(2);
        rig.nothingIsLeft();
    }

    @Example
    void anOpenThatIsLostWithItsKeptLinkComesAgainOnANewOneAndIsDialledOnce() {
        rig.attach();
        exchange(80, 10, 10);
        var opens = new AtomicInteger();
        rig.tap = (wire, toFar, frame) -> {
            if (toFar && frame.hasOpen() && opens.incrementAndGet() == 1) {
                wire.cut();
            }
        };

        exchange(80, 2000, 2000);

        assertThat(rig.wires).hasSize(2);
        assertThat(rig.dials).hasValue(2);
    }

    @Example
    void aStreamThatWasResetOrRefusedTakesItsLinkAlong() {
        rig.attach();
        rig.dial = () -> CompletableFuture.failedFuture(new StreamFailure.DialRefused("no"));
        ResumableEnd refused = rig.initiator.open(to(80), Duration.ofSeconds(5), "");
        CarryRig.soon().until(() -> refused.closed().toCompletableFuture().isDone());

        rig.dial = () -> CompletableFuture.completedFuture(MemorySocket.sending(0, 1));
        ResumableEnd reset = rig.initiator.open(to(80), Duration.ofSeconds(5), "");
        CarryRig.soon().until(() -> reset.dialled().toCompletableFuture().isDone());
        reset.fail(new StreamFailure.Reset("enough"));
        CarryRig.soon().until(() -> reset.closed().toCompletableFuture().isDone());

        assertThat(rig.near.idleLinks()).isZero();
        exchange(80, 10, 10);
        assertThat(rig.wires).hasSize(3);
        assertThat(reused()).isZero();
    }

    @Example
    void withAnEdgeThatDoesNotKeepLinksEachStreamHasOne() {
        with(keeping(0));
        rig.attach();

        exchange(80, 10, 10);
        exchange(80, 10, 10);

        assertThat(rig.wires).hasSize(2);
        assertThat(rig.near.idleLinks()).isZero();
        // What an edge sends that does not know of kept links, the acceptor answers in kind and ends its call.
        List<StreamFrame> answers = rig.greet(opening(1, 80, open -> open.setKeepsLink(false)));
        CarryRig.soon().until(() -> answers.stream().anyMatch(StreamFrame::hasAccepted));
        assertThat(answers.getFirst().getAccepted().getKeepsLink()).isFalse();
    }

    @Example
    void noMoreRestThanTheSettingSays() {
        with(keeping(2));
        rig.attach();
        var sockets = new CopyOnWriteArrayList<MemorySocket>();
        rig.dial = () -> {
            var socket = MemorySocket.sending(100, 100);
            sockets.add(socket);
            return CompletableFuture.completedFuture(socket);
        };

        var ends = new ArrayList<ResumableEnd>();
        for (int i = 0; i < 6; i++) {
            ResumableEnd end = rig.initiator.open(to(80 + i), Duration.ofSeconds(5), "");
            StreamEnd.join(MemorySocket.sending(100, 100), end);
            ends.add(end);
        }
        CarryRig.soon()
                .until(() -> ends.stream()
                        .allMatch(one -> one.closed().toCompletableFuture().isDone()));

        assertThat(rig.near.idleLinks()).isEqualTo(2);
    }

    @Example
    void linksRestForSecondsAndNotBeyondTheirConnection() {
        rig.attach();
        exchange(80, 10, 10);
        CarryRig.soon().until(() -> rig.near.idleLinks() == 0);

        exchange(80, 10, 10);
        assertThat(rig.near.idleLinks()).isEqualTo(1);
        rig.initiator.detached();
        CarryRig.soon().until(() -> rig.near.idleLinks() == 0);

        rig.attach();
        exchange(80, 10, 10);
        rig.attach();
        CarryRig.soon().until(() -> rig.near.idleLinks() == 0);
        exchange(80, 10, 10);
        assertThat(rig.wires).hasSize(4);
    }

    @Example
    void anOpenThatMeetsAnAcceptorWhichHasJustEndedTheLinkIsNotDialledThere() {
        rig.attach();
        exchange(80, 10, 10);
        var busy = new CountDownLatch(1);
        rig.farLoop.execute(() -> await(busy));
        rig.acceptor.detached();
        MemorySocket here = MemorySocket.sending(10, 10);
        var links = new AtomicInteger();
        rig.dial = () -> {
            links.set(rig.wires.size());
            return CompletableFuture.completedFuture(MemorySocket.sending(20, 10));
        };
        ResumableEnd end = rig.initiator.open(to(80), Duration.ofSeconds(5), "");
        rig.nearLoop.submit(() -> {}).syncUninterruptibly();
        assertThat(rig.near.idleLinks())
                .as("its Open is under way on the kept link")
                .isZero();
        busy.countDown();
        StreamEnd.join(here, end);

        whole(here, 20);
        CarryRig.soon().until(() -> end.closed().toCompletableFuture().isDone());
        assertThat(links).as("links when it was dialled").hasValue(2);
        assertThat(rig.dials).hasValue(2);
        rig.nothingIsLeft();
    }

    @Example
    void anAcceptorThatStopsBehindTheGoodbyeTakesTheLinkAlongAndTheNextStreamFindsAnother() {
        rig.attach();
        var stopped = new AtomicInteger();
        rig.tap = (wire, toFar, frame) -> {
            if (toFar && frame.hasGone() && stopped.getAndIncrement() == 0) {
                rig.acceptor.close();
            }
        };

        exchange(80, 2000, 2000);
        exchange(80, 3000, 3000);

        assertThat(stopped).hasValue(2);
        assertThat(rig.dials).hasValue(2);
        rig.nothingIsLeft();
    }

    /** Most often the goodbyes go along with the next stream; it is for the one before that they come. */
    @Example
    void theNextStreamNeedNotWaitForTheGoodbyesOfTheOneBefore() {
        rig.attach();
        for (int i = 0; i < 50; i++) {
            MemorySocket here = MemorySocket.sending(10, 10);
            MemorySocket there = MemorySocket.sending(10, 10);
            Exchange.begin(rig, 80, here, 10, there, 10);
            whole(here, 10);
            whole(there, 10);
            CarryRig.soon().until(() -> rig.near.idleLinks() == 1);
        }
        assertThat(rig.wires).hasSize(1);
        rig.nothingIsLeft();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The manager looks at a link when it begins: what it let pass then is all that an acceptor takes on it. */
    @Example
    void anAcceptorTakesNothingElseOnALinkThanWhatItsManagerHadChecked() {
        for (StreamFrame another : List.of(
                opening(2, 81),
                opening(2, 80, open -> open.setSessionId("another-session")),
                opening(2, 80, open -> open.setAcceptorSessionId("another-acceptor")),
                opening(2, 80, open -> open.setViaWorkload("another-workload")),
                opening(2, 80, open -> open.setConnectionId(ByteString.copyFromUtf8("short"))),
                StreamFrame.newBuilder()
                        .setResume(StreamFrame.Resume.newBuilder()
                                .setStreamId(id(1))
                                .setAttempt(2)
                                .setSessionId(CarryRig.NEAR))
                        .build())) {
            with(CarrySettings.STANDARD);
            rig.dial = () -> CompletableFuture.completedFuture(MemorySocket.sending(0, 1));
            var stranger = new Stranger(rig);
            stranger.streamToItsEnd(opening(1, 80));
            stranger.sends(opening(2, 80));
            CarryRig.soon().until(() -> rig.dials.get() == 2);
            stranger.goodbye();

            stranger.sends(another);

            CarryRig.soon().until(stranger::isOver);
            assertThat(rig.dials).as("dials after " + another.getFrameCase()).hasValue(2);
            rig.nothingIsLeft();
        }
    }

    @Example
    void aLinkOfACertainAgeServesNoFurtherStream() {
        rig.attach();
        exchange(80, 10, 10);
        rig.aged.addAndGet(IdleLinks.KEPT.dividedBy(2).toNanos());
        exchange(80, 10, 10);
        assertThat(rig.wires).hasSize(1);

        // Old enough when the stream on it ends.
        MemorySocket there = MemorySocket.sending(10, 10);
        rig.dial = () -> CompletableFuture.completedFuture(there);
        ResumableEnd end = rig.initiator.open(to(80), Duration.ofSeconds(5), "");
        CarryRig.soon().until(() -> end.dialled().toCompletableFuture().isDone());
        rig.aged.addAndGet(IdleLinks.OLDEST.toNanos());
        StreamEnd.join(MemorySocket.sending(10, 10), end);
        CarryRig.soon().until(() -> end.closed().toCompletableFuture().isDone());

        assertThat(rig.near.idleLinks()).isZero();
        assertThat(reused()).isEqualTo(2);
    }

    /** Whoever opens streams may keep a link for longer than ours do; what its manager checked does not hold for ever. */
    @Example
    void anAcceptorEndsALinkThatBringsAStreamLongAfterItsManagerHadLooked() {
        rig.dial = () -> CompletableFuture.completedFuture(MemorySocket.sending(0, 1));
        var stranger = new Stranger(rig);
        stranger.streamToItsEnd(opening(1, 80));
        rig.aged.addAndGet(GreetedLinks.OLDEST.minusSeconds(2).toNanos());
        stranger.streamToItsEnd(opening(2, 80));
        rig.aged.addAndGet(Duration.ofSeconds(3).toNanos());

        stranger.sends(opening(3, 80));

        CarryRig.soon().until(stranger::isOver);
        assertThat(rig.dials).hasValue(2);
        rig.nothingIsLeft();
    }

    private static ByteString id(int number) {
        byte[] bytes = new byte[16];
        bytes[0] = (byte) number;
        return ByteString.copyFrom(bytes);
    }

    private interface Change {
        StreamFrame.Open.Builder on(StreamFrame.Open.Builder open);
    }

    private static StreamFrame opening(int number, int port) {
        return opening(number, port, open -> open);
    }

    private static StreamFrame opening(int number, int port, Change change) {
        return StreamFrame.newBuilder()
                .setOpen(change.on(StreamFrame.Open.newBuilder()
                        .setStreamId(id(number))
                        .setConnectionId(to(port).bytes())
                        .setAttempt(1)
                        .setLimit(1 << 20)
                        .setSessionId(CarryRig.NEAR)
                        .setKeepsLink(true)))
                .build();
    }

    /** Every stream gets its own bytes, whatever becomes of the links that they share. */
    @Property(tries = 200)
    void whereverLinksAreCutEachOfTheStreamsThatShareThemIsWhole(@ForAll long seed) {
        with(CarrySettings.STANDARD);
        var random = new SplittableRandom(seed);
        var untilCut = new AtomicInteger(random.nextInt(1, 40));
        var cuts = new AtomicInteger(20);
        rig.tap = (wire, toFar, frame) -> {
            if (untilCut.decrementAndGet() == 0 && cuts.getAndDecrement() > 0) {
                untilCut.set(1 + Math.floorMod(frame.hashCode() + (int) seed, 60));
                wire.cut();
            }
        };
        rig.attach();

        for (int round = random.nextInt(2, 6); round > 0; round--) {
            var all = new ArrayList<Exchange>();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                all.add(Exchange.begin(rig, random));
            }
            all.forEach(Exchange::isWhole);
        }
        rig.nothingIsLeft();
    }

    /** A stream that is under way, with what each side is to get. */
    private record Exchange(ResumableEnd end, MemorySocket here, int down, MemorySocket there, int up) {
        /** Waits until the other edge dials. */
        static Exchange begin(CarryRig rig, int port, MemorySocket here, int down, MemorySocket there, int up) {
            var dialled = new CompletableFuture<Void>();
            rig.dial = () -> {
                dialled.complete(null);
                return CompletableFuture.completedFuture(there);
            };
            ResumableEnd end = rig.initiator.open(to(port), Duration.ofSeconds(5), "");
            StreamEnd.join(here, end);
            CarryRig.soon().until(dialled::isDone);
            return new Exchange(end, here, down, there, up);
        }

        static Exchange begin(CarryRig rig, SplittableRandom random) {
            int up = random.nextInt(3) == 0 ? 0 : random.nextInt(100_000);
            int down = random.nextInt(3) == 0 ? 0 : random.nextInt(100_000);
            MemorySocket here = MemorySocket.sending(up, random.nextInt(500, 32 * 1024));
            MemorySocket there = MemorySocket.sending(down, random.nextInt(500, 32 * 1024));
            return begin(rig, 80 + random.nextInt(2), here, down, there, up);
        }

        void isWhole() {
            whole(here, down);
            whole(there, up);
            CarryRig.soon().until(() -> end.closed().toCompletableFuture().isDone());
        }
    }
}
