package dev.telepath.tunnel.carry;

import static dev.telepath.tunnel.carry.CarryRig.ended;
import static dev.telepath.tunnel.carry.CarryRig.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.Over;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.carry.CarryRig.Wire;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.NullUnmarked;

/** The two edges with their real links, joined in memory. */
@NullUnmarked
class CarriedStreamsTest {
    private static final int MIB = 1024 * 1024;

    private CarryRig rig = new CarryRig();

    @AfterTry
    void close() {
        rig.close();
    }

    private void with(CarrySettings settings) {
        rig.close();
        rig = new CarryRig(settings);
    }

    private static CarrySettings settings(long first, long most, long budget, Duration resume, Duration remember) {
        return new CarrySettings(first, most, budget, resume, remember, CarrySettings.STANDARD.idleLinks());
    }

    private void dials(MemorySocket socket) {
        rig.dial = () -> CompletableFuture.completedFuture(socket);
    }

    private static Throwable failure(CompletableFuture<Void> of) {
        CarryRig.soon().until(of::isDone);
        assertThat(of).isCompletedExceptionally();
        return of.exceptionNow();
    }

    private void suspended() {
        CarryRig.soon().until(() -> rig.near.suspended() == 1 && rig.far.suspended() == 1);
    }

    @Example
    void aStreamPassesBothWaysWithHalfClose() {
        MemorySocket here = MemorySocket.sending(300_000, 10_000);
        MemorySocket there = MemorySocket.sending(2 * MIB, 32 * 1024);
        dials(there);
        rig.attach();

        ResumableEnd end = rig.open();
        StreamEnd.join(here, end);

        whole(here, 2 * MIB);
        whole(there, 300_000);
        rig.nothingIsLeft();
        assertThat(end.closed().toCompletableFuture()).isCompleted();
        assertThat(rig.dials).hasValue(1);
    }

    @Property(tries = 300)
    void whereverLinksAreCutTheBytesAreEqualAndNothingIsLeft(@ForAll long seed) {
        rig.close();
        rig = new CarryRig();
        var random = new SplittableRandom(seed);
        int up = random.nextInt(4) == 0 ? 0 : random.nextInt(600_000);
        int down = random.nextInt(4) == 0 ? 0 : random.nextInt(600_000);
        MemorySocket here = MemorySocket.sending(up, random.nextInt(500, 32 * 1024));
        MemorySocket there = MemorySocket.sending(down, random.nextInt(500, 32 * 1024));
        dials(there);
        var untilCut = new AtomicInteger(random.nextInt(1, 30));
        var cuts = new AtomicInteger(random.nextInt(6));
        boolean outages = random.nextBoolean();
        rig.tap = (wire, toFar, frame) -> {
            if (untilCut.decrementAndGet() == 0 && cuts.getAndDecrement() > 0) {
                untilCut.set(1 + Math.floorMod(frame.hashCode() + (int) seed, 30));
                cut(wire, outages);
            }
        };
        rig.attach();

        StreamEnd.join(here, rig.open());

        whole(here, down);
        whole(there, up);
        rig.nothingIsLeft();
        assertThat(rig.dials).hasValue(1);
    }

    private void cut(Wire wire, boolean outage) {
        if (outage) {
            rig.initiator.detached();
            rig.nearLoop.schedule(() -> rig.attach(), 2, TimeUnit.MILLISECONDS);
        }
        wire.cut();
    }

    @Example
    void aRefusedDialFailsAsRefusedWithItsReason() {
        rig.dial = () -> CompletableFuture.failedFuture(new StreamFailure.DialRefused("port 80 says no"));
        rig.attach();

        ResumableEnd end = rig.open();

        assertThat(failure(end.dialled().toCompletableFuture()))
                .isInstanceOf(StreamFailure.DialRefused.class)
                .hasMessageContaining("port 80 says no");
        rig.nothingIsLeft();
    }

    @Example
    void aDialThatTimesOutFailsAsTimedOut() {
        rig.dial = () -> CompletableFuture.failedFuture(new StreamFailure.DialTimedOut("too slow"));
        rig.attach();

        ResumableEnd end = rig.open();

        assertThat(failure(end.dialled().toCompletableFuture())).isInstanceOf(StreamFailure.DialTimedOut.class);
        rig.nothingIsLeft();
    }

    @Example
    void aDialThatOutlivesItsLinksIsDialledOnce() {
        var dialling = new CompletableFuture<StreamEnd>();
        rig.dial = () -> dialling;
        List<Integer> attempts = new java.util.concurrent.CopyOnWriteArrayList<>();
        rig.tap = (wire, toFar, frame) -> {
            if (frame.hasOpen()) {
                attempts.add(frame.getOpen().getAttempt());
            }
        };
        rig.attach();
        MemorySocket here = MemorySocket.sending(100_000, 1000);
        MemorySocket there = MemorySocket.sending(100_000, 1000);
        StreamEnd.join(here, rig.open());
        for (int links = 1; links <= 3; links++) {
            int now = links;
            CarryRig.soon().until(() -> attempts.size() == now && rig.dials.get() == 1);
            rig.wire().cut();
        }
        CarryRig.soon().until(() -> attempts.size() == 4);

        dialling.complete(there);

        whole(here, 100_000);
        whole(there, 100_000);
        rig.nothingIsLeft();
        assertThat(rig.dials).hasValue(1);
        assertThat(attempts).containsExactly(1, 2, 3, 4);
    }

    @Example
    void aDialThatIsGivenUpIsToldSoAndWhatItBringsIsClosed() {
        var dialling = new CompletableFuture<StreamEnd>();
        rig.dial = () -> dialling;
        rig.attach();
        ResumableEnd end = rig.open();
        CarryRig.soon().until(() -> rig.dials.get() == 1);

        end.fail(new StreamFailure.DialTimedOut("nobody waits that long"));

        assertThat(failure(end.dialled().toCompletableFuture())).hasMessage("nobody waits that long");
        rig.nothingIsLeft();
        MemorySocket there = MemorySocket.open(100);
        dialling.complete(there);
        assertThat(failure(there.input())).isInstanceOf(StreamFailure.Reset.class);
        rig.nothingIsLeft();
    }

    @Example
    void anotherSessionCannotTakeAStreamAndDoesNotDisturbIt() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        var opened = new AtomicReference<StreamFrame.Open>();
        rig.tap = (wire, toFar, frame) -> {
            if (frame.hasOpen() && frame.getOpen().getSessionId().equals(CarryRig.NEAR)) {
                opened.set(frame.getOpen());
            }
        };
        rig.attach();
        StreamEnd.join(here, rig.open());
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);

        List<StreamFrame> toOpen = rig.greet(StreamFrame.newBuilder()
                .setOpen(opened.get().toBuilder().setAttempt(9).setSessionId("eve"))
                .build());
        List<StreamFrame> toResume = rig.greet(StreamFrame.newBuilder()
                .setResume(StreamFrame.Resume.newBuilder()
                        .setStreamId(opened.get().getStreamId())
                        .setAttempt(9)
                        .setSessionId("eve"))
                .build());

        for (List<StreamFrame> answers : List.of(toOpen, toResume)) {
            CarryRig.soon().until(() -> answers.size() == 2);
            assertThat(answers.getFirst().getGone().getCode()).isEqualTo(ResetCode.UNKNOWN.number());
        }
        here.halfClose();
        there.halfClose();
        whole(here, 1000);
        whole(there, 1000);
        rig.nothingIsLeft();
    }

    @Example
    void theEndOfAStreamIsRememberedForAWhileAndThenForgotten() {
        with(settings(256 * 1024, 4 * MIB, 64 * MIB, Duration.ofMinutes(5), Duration.ofMillis(1500)));
        var opened = new AtomicReference<StreamFrame.Open>();
        rig.tap = (wire, toFar, frame) -> {
            if (frame.hasOpen()) {
                opened.set(frame.getOpen());
            }
        };
        rig.attach();
        MemorySocket here = MemorySocket.sending(10, 10);
        StreamEnd.join(here, rig.open());
        ended(here);
        rig.nothingIsLeft();

        assertThat(lateResume(opened.get(), CarryRig.NEAR)).isEqualTo(ResetCode.CLEAN);
        assertThat(lateResume(opened.get(), "eve")).isEqualTo(ResetCode.UNKNOWN);
        CarryRig.soon()
                .untilAsserted(() ->
                        assertThat(lateResume(opened.get(), CarryRig.NEAR)).isEqualTo(ResetCode.UNKNOWN));
    }

    private ResetCode lateResume(StreamFrame.Open opened, String session) {
        List<StreamFrame> answers = rig.greet(StreamFrame.newBuilder()
                .setResume(StreamFrame.Resume.newBuilder()
                        .setStreamId(opened.getStreamId())
                        .setAttempt(50)
                        .setSessionId(session))
                .build());
        CarryRig.soon().until(() -> answers.size() == 2);
        return ResetCode.of(answers.getFirst().getGone().getCode());
    }

    @Example
    void aRefusalIsRememberedForAnOpenThatComesAgain() {
        rig.dial = () -> CompletableFuture.failedFuture(new StreamFailure.DialRefused("closed"));
        StreamFrame open = StreamFrame.newBuilder()
                .setOpen(StreamFrame.Open.newBuilder()
                        .setStreamId(ByteString.copyFrom(new byte[16]))
                        .setConnectionId(CarryRig.id(dev.telepath.tunnel.frame.Protocol.TCP)
                                .bytes())
                        .setAttempt(1)
                        .setSessionId("s"))
                .build();
        for (int i = 0; i < 2; i++) {
            List<StreamFrame> answers = rig.greet(open);
            CarryRig.soon().until(() -> answers.size() == 2);
            assertThat(answers.getFirst().getRefused().getReason()).isEqualTo("closed");
        }
        assertThat(rig.dials).hasValue(1);
    }

    @Example
    void whenTheResumeWindowIsOverBothSidesEndAsLost() {
        with(settings(256 * 1024, 4 * MIB, 64 * MIB, Duration.ofMillis(300), Duration.ofMinutes(1)));
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        rig.attach();
        StreamEnd.join(here, rig.open());
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);

        rig.network = false;
        rig.cut();

        for (MemorySocket one : List.of(here, there)) {
            assertThat(failure(one.input()))
                    .isInstanceOf(StreamFailure.ConnectionLost.class)
                    .hasMessageContaining("resume window");
        }
        rig.nothingIsLeft();
        assertThat(ends(rig.nearMeters, "expired")).isEqualTo(1);
        assertThat(ends(rig.farMeters, "expired")).isEqualTo(1);
    }

    private static double ends(io.micrometer.core.instrument.MeterRegistry meters, String cause) {
        return meters.get("telepath.streams.ended")
                .tag("cause", cause)
                .counter()
                .count();
    }

    @Example
    void aSlowReaderStopsTheSourceAtTheWindow() {
        int window = 128 * 1024;
        // Whether a window grows is a matter of time, which WindowTest has in its hands; here it may not.
        with(settings(window, window, 64 * MIB, Duration.ofMinutes(5), Duration.ofMinutes(1)));
        MemorySocket here = MemorySocket.sending(8 * MIB, 32 * 1024);
        MemorySocket there = MemorySocket.stalled(0);
        dials(there);
        rig.attach();
        StreamEnd.join(here, rig.open());

        stopsAt(here, window, window + 64 * 1024);
        for (int i = 0; i < 100; i++) {
            int before = there.got();
            there.take(1);
            CarryRig.soon().until(() -> there.got() > before);
        }
        stopsAt(here, there.got(), there.got() + window + 64 * 1024);
        assertThat(rig.near.budgetUsed()).isLessThanOrEqualTo(window + 64 * 1024);
        assertThat(rig.far.budgetUsed()).isLessThanOrEqualTo(window + 64 * 1024);

        there.take(Long.MAX_VALUE);
        whole(there, 8 * MIB);
        rig.nothingIsLeft();
    }

    /** Counts such frames of both edges from now on. */
    private AtomicInteger counting(Predicate<StreamFrame> such) {
        var count = new AtomicInteger();
        rig.tap = (wire, toFar, frame) -> {
            if (such.test(frame)) {
                count.incrementAndGet();
            }
        };
        return count;
    }

    @Example
    void nothingIsKeptOfWhatASilentOtherSideHasTaken() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(0);
        dials(there);
        AtomicInteger data = counting(StreamFrame::hasData);
        rig.attach();
        StreamEnd.join(here, rig.open());

        CarryRig.soon().until(() -> there.got() == 1000 && rig.near.budgetUsed() == 0);
        assertThat(data).hasValue(1);
    }

    @Example
    void anAnswerTakesTheAcknowledgementOfItsRequestAlong() {
        MemorySocket here = MemorySocket.open(0);
        MemorySocket there = MemorySocket.open(0);
        dials(there);
        AtomicInteger along = counting(frame -> frame.getData().hasAck());
        rig.attach();
        StreamEnd.join(here, rig.open());

        CarryRig.soon().until(() -> here.asked() && there.asked());
        // Whether an answer is quicker than the timer is not certain each time.
        CarryRig.soon().until(() -> {
            int before = here.got();
            there.say(MemorySocket.bytes(before, 100));
            here.say(MemorySocket.bytes(before, 100));
            CarryRig.soon().until(() -> here.got() == before + 100 && there.got() == before + 100);
            return along.get() > 0;
        });
        assertThat(here.sound() && there.sound()).isTrue();
    }

    private static void stopsAt(MemorySocket source, int least, int most) {
        CarryRig.soon().until(() -> source.sent() >= least);
        CarryRig.soon().during(Duration.ofMillis(300)).until(() -> source.sent() <= most);
    }

    @Example
    void withTheBudgetUsedUpEveryStreamGoesOn() {
        int budget = MIB;
        with(settings(64 * 1024, 4 * MIB, budget, Duration.ofMinutes(5), Duration.ofMinutes(1)));
        List<MemorySocket> stalled = new CopyOnWriteArrayList<>();
        rig.dial = () -> {
            MemorySocket one = MemorySocket.stalled(0);
            stalled.add(one);
            return CompletableFuture.completedFuture(one);
        };
        rig.attach();
        for (int i = 0; i < 40; i++) {
            StreamEnd.join(MemorySocket.sending(2 * MIB, 32 * 1024), rig.open());
        }
        CarryRig.soon().until(() -> stalled.size() == 40 && rig.near.budgetUsed() >= budget);

        MemorySocket there = MemorySocket.sending(MIB, 32 * 1024);
        dials(there);
        MemorySocket here = MemorySocket.sending(MIB, 32 * 1024);
        StreamEnd.join(here, rig.open());
        whole(here, MIB);
        whole(there, MIB);

        // Two frames of a stream are the least that lets it go on.
        assertThat(rig.near.budgetUsed()).isLessThanOrEqualTo(budget + 41 * 64 * 1024);
        stalled.forEach(one -> one.take(Long.MAX_VALUE));
        stalled.forEach(one -> whole(one, 2 * MIB));
        rig.nothingIsLeft();
    }

    @Example
    void aCallThatTakesNothingStopsDataButNotTheEnd() {
        MemorySocket here = MemorySocket.open(16 * MIB);
        MemorySocket there = MemorySocket.open(0);
        dials(there);
        var held = new AtomicInteger();
        rig.tap = (wire, toFar, frame) -> {
            if (toFar && frame.hasData() && held.getAndIncrement() == 0) {
                wire.toFar.hold();
            }
        };
        rig.attach();
        ResumableEnd end = rig.open();
        StreamEnd.join(here, end);
        CarryRig.soon().until(() -> here.sent() > 0);
        CarryRig.soon().during(Duration.ofMillis(300)).until(() -> here.sent() <= 8 * MIB);

        there.breakOff();

        assertThat(failure(here.input())).isInstanceOf(StreamFailure.Reset.class);
        CarryRig.soon().until(() -> rig.near.open() == 0);
        rig.wire().toFar.letGo();
        rig.nothingIsLeft();
    }

    @Example
    void aStreamThatFailsBeforeItHadALinkEndsAtOnceWithThatFailure() {
        ResumableEnd end = rig.open();
        MemorySocket here = MemorySocket.open(0);
        StreamEnd.join(here, end);
        CarryRig.soon().until(() -> rig.near.open() == 1);

        end.fail(new StreamFailure.ConnectionLost("the manager is away"));

        for (CompletableFuture<Void> one : List.of(end.dialled().toCompletableFuture(), here.input())) {
            assertThat(failure(one))
                    .isInstanceOf(StreamFailure.ConnectionLost.class)
                    .hasMessage("the manager is away");
        }
        rig.nothingIsLeft();
        assertThat(rig.dials).hasValue(0);
        assertThatThrownBy(() -> rig.wire()).isInstanceOf(java.util.NoSuchElementException.class);
    }

    @Example
    void aStreamThatFailsWhileSuspendedResetsItsSocketAtOnceAndTheOtherEdgeLater() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        rig.attach();
        ResumableEnd end = rig.open();
        StreamEnd.join(here, end);
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);
        rig.initiator.detached();
        rig.cut();
        suspended();

        end.fail(new StreamFailure.Reset("the edge stops"));

        assertThat(failure(here.input())).hasMessage("the edge stops");
        assertThat(there.input()).isNotDone();
        rig.attach();
        assertThat(failure(there.input())).isInstanceOf(StreamFailure.Reset.class);
        rig.nothingIsLeft();
    }

    @Example
    void aSessionOfAnotherIdEndsTheStreamsOfTheOldOne() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        rig.attach();
        StreamEnd.join(here, rig.open());
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);
        rig.initiator.detached();
        rig.cut();
        suspended();

        rig.initiator.attached(rig::carry, "another");
        rig.acceptor.attached(rig::carry, "another");

        assertThat(failure(here.input())).isInstanceOf(StreamFailure.ConnectionLost.class);
        assertThat(failure(there.input())).isInstanceOf(StreamFailure.ConnectionLost.class);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamViaAWorkloadIsNotSentToAManagerThatWouldHaveAnybodyDial() {
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        ResumableEnd before = rig.initiator.openVia("web", CarryRig.id(Protocol.TCP), Duration.ofSeconds(5));
        rig.attach();
        ResumableEnd after = rig.initiator.openVia("web", CarryRig.id(Protocol.TCP), Duration.ofSeconds(5));
        for (ResumableEnd end : List.of(before, after)) {
            assertThat(failure(end.dialled().toCompletableFuture())).isInstanceOf(StreamFailure.NotOffered.class);
        }
        assertThat(rig.dials).hasValue(0);
        rig.nothingIsLeft();

        rig.initiator.attached(rig::carry, CarryRig.NEAR, true);
        MemorySocket here = MemorySocket.open(1000);
        StreamEnd.join(here, rig.initiator.openVia("web", CarryRig.id(Protocol.TCP), Duration.ofSeconds(5)));
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);
        here.halfClose();
        there.halfClose();
        whole(here, 1000);
        whole(there, 1000);
        rig.nothingIsLeft();
    }

    private static Over over(String session, long beforeRun) {
        return Over.newBuilder().setSessionId(session).setBeforeRun(beforeRun).build();
    }

    @Example
    void streamsOfAProcessThatIsGoneEndThoughNoLinkTellsAndThoseOfTheNextDoNot() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        rig.attach();
        StreamEnd.join(here, rig.open());
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);
        rig.initiator.detached();
        rig.cut();
        suspended();
        MemorySocket nextHere = MemorySocket.open(1000);
        MemorySocket nextThere = MemorySocket.open(1000);
        dials(nextThere);
        Initiator next = rig.initiatorOfRun(CarryRig.RUN + 1);
        next.attached(rig::carry, CarryRig.NEAR);
        StreamEnd.join(nextHere, next.open(CarryRig.id(Protocol.TCP), Duration.ofSeconds(5), ""));
        CarryRig.soon().until(() -> nextHere.got() == 1000 && nextThere.got() == 1000);

        rig.acceptor.over(over("somebody else", CarryRig.RUN + 1));
        rig.acceptor.over(over(CarryRig.NEAR, CarryRig.RUN));
        rig.acceptor.over(over(CarryRig.NEAR, CarryRig.RUN + 1));

        assertThat(failure(there.input()))
                .isInstanceOf(StreamFailure.ConnectionLost.class)
                .hasMessageContaining("does not know the stream");
        assertThat(ends(rig.farMeters, "unknown")).isEqualTo(1);
        nextHere.halfClose();
        nextThere.halfClose();
        whole(nextHere, 1000);
        whole(nextThere, 1000);
        CarryRig.soon().until(() -> rig.far.open() == 0);
        // What the gone one might still say of it.
        rig.attach();
        assertThat(failure(here.input())).isInstanceOf(StreamFailure.ConnectionLost.class);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamThatWasOnItsWayWhenItsProcessWentIsNotDialledAndADialUnderWayIsGivenUp() {
        var dialling = new CompletableFuture<StreamEnd>();
        rig.dial = () -> dialling;
        rig.attach();
        ResumableEnd dialled = rig.open();
        CarryRig.soon().until(() -> rig.dials.get() == 1);

        rig.acceptor.over(over(CarryRig.NEAR, CarryRig.RUN + 1));

        assertThat(failure(dialled.dialled().toCompletableFuture())).isInstanceOf(StreamFailure.class);
        MemorySocket late = MemorySocket.open(0);
        dialling.complete(late);
        assertThat(failure(late.input())).isInstanceOf(StreamFailure.Reset.class);
        assertThat(failure(rig.open().dialled().toCompletableFuture()))
                .isInstanceOf(StreamFailure.ConnectionLost.class);
        assertThat(rig.dials).hasValue(1);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamOpenedWithoutAManagerWaitsForOneAndStreamsThatCloseLeaveNothing() {
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        StreamEnd.join(here, rig.open());
        CarryRig.soon().until(() -> rig.near.open() == 1);
        rig.attach();
        CarryRig.soon().until(() -> here.got() == 1000 && there.got() == 1000);

        rig.acceptor.close();

        assertThat(failure(here.input())).isInstanceOf(StreamFailure.Reset.class);
        assertThat(failure(there.input())).isInstanceOf(StreamFailure.Reset.class);
        rig.nothingIsLeft();
    }

    @Example
    void aFlowLosesWhatComesWhileItHasNoLinkAndGoesOnWithTheNext() {
        MemorySocket here = MemorySocket.open(0);
        MemorySocket there = MemorySocket.open(0);
        dials(there);
        rig.attach();
        StreamEnd.join(here, rig.openFlow());
        CarryRig.soon().until(() -> here.asked() && there.asked());
        here.say(ByteString.copyFromUtf8("one"));
        there.say(ByteString.copyFromUtf8("two"));
        CarryRig.soon().until(() -> here.datagrams().size() + there.datagrams().size() == 2);

        rig.initiator.detached();
        rig.cut();
        suspended();
        here.say(ByteString.copyFromUtf8("lost"));
        CarryRig.soon()
                .until(() -> rig.nearMeters
                                .get("telepath.stream.datagrams.lost")
                                .counter()
                                .count()
                        == 1);
        rig.attach();
        CarryRig.soon().until(() -> rig.near.suspended() + rig.far.suspended() == 0);
        here.say(ByteString.copyFromUtf8("three"));
        CarryRig.soon().until(() -> there.datagrams().size() == 2);
        assertThat(there.datagrams()).containsExactly(ByteString.copyFromUtf8("one"), ByteString.copyFromUtf8("three"));

        // The idle end of a flow is its socket's completion.
        there.halfClose();
        ended(here);
        assertThat(here.input()).isCompleted();
        rig.nothingIsLeft();
        assertThat(ends(rig.nearMeters, "clean")).isEqualTo(1);
    }

    @Example
    void aGreetingThatIsNoneIsDroppedAndLeavesNothing() {
        for (StreamFrame greeting : List.of(
                StreamFrame.newBuilder()
                        .setData(StreamFrame.Data.newBuilder().setBytes(ByteString.copyFromUtf8("x")))
                        .build(),
                StreamFrame.getDefaultInstance())) {
            List<StreamFrame> answers = rig.greet(greeting);
            CarryRig.soon().until(() -> answers.equals(List.of(StreamFrame.getDefaultInstance())));
        }
        for (int size : List.of(0, 15, 17, 100_000)) {
            List<StreamFrame> answers = rig.greet(StreamFrame.newBuilder()
                    .setOpen(StreamFrame.Open.newBuilder()
                            .setStreamId(ByteString.copyFrom(new byte[size]))
                            .setAttempt(1))
                    .build());
            CarryRig.soon().until(() -> answers.size() == 2);
            assertThat(answers.getFirst().getGone().getCode()).isEqualTo(ResetCode.UNKNOWN.number());
        }
        assertThat(rig.dials).hasValue(0);
        rig.nothingIsLeft();
    }
}
