package dev.telepath.tunnel.carry;

import static dev.telepath.tunnel.carry.CarryRig.soon;
import static dev.telepath.tunnel.carry.CarryRig.whole;
import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.resume.Frames;
import dev.telepath.tunnel.stream.StreamEnd;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.NullUnmarked;

/** Links past the manager: who takes them, and that a stream is whole whichever way is there. */
@NullUnmarked
class DirectLinksTest {
    private static final int MIB = 1024 * 1024;

    private CarryRig rig = new CarryRig();
    private CarryRig.Tap tap;

    @AfterTry
    void close() {
        rig.close();
    }

    private ResumableEnd open() {
        return rig.initiator.open(CarryRig.id(Protocol.TCP), Duration.ofSeconds(5), DirectWay.FAR);
    }

    /** A manager gave the session, and is away. */
    private void attachAndLose() {
        rig.attach();
        rig.initiator.detached();
    }

    private void dials(MemorySocket socket) {
        rig.dial = () -> CompletableFuture.completedFuture(socket);
    }

    private void exchange() {
        MemorySocket here = MemorySocket.sending(100_000, 1000);
        MemorySocket there = MemorySocket.sending(200_000, 1000);
        dials(there);
        StreamEnd.join(here, open());
        whole(here, 200_000);
        whole(there, 100_000);
    }

    @Example
    void whereThereIsAWayPastTheManagerAStreamTakesItAndNothingGoesByTheManager() {
        rig.attach();
        var way = new DirectWay(rig).there();

        exchange();
        exchange();

        assertThat(rig.wires).isEmpty();
        assertThat(way.told).as("the second has the link of the first").hasSize(1);
        assertThat(way.told.getFirst().getLink()).isPositive();
        rig.nothingIsLeft();
    }

    @Example
    void aStreamWhoseWayHasGoneMeanwhileEndsAtBothEdges() {
        rig.attach();
        var way = new DirectWay(rig).there();
        MemorySocket here = MemorySocket.open(1000);
        MemorySocket there = MemorySocket.open(1000);
        dials(there);
        StreamEnd.join(here, open());
        soon().until(() -> here.got() == 1000 && there.got() == 1000);

        // Its link is not kept, so it ends with the goodbye.
        rig.initiator.noDirect(DirectWay.FAR, way.offers);
        here.halfClose();
        there.halfClose();

        whole(here, 1000);
        whole(there, 1000);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamToAnotherEdgeGoesByTheManager() {
        rig.attach();
        var way = new DirectWay(rig).there();
        MemorySocket here = MemorySocket.sending(1000, 1000);
        MemorySocket there = MemorySocket.sending(1000, 1000);
        dials(there);

        StreamEnd.join(here, rig.open());

        whole(here, 1000);
        assertThat(way.told).isEmpty();
        assertThat(rig.wires).hasSize(1);
    }

    @Example
    void aStreamWhoseWayPastTheManagerBreaksGoesOnByTheManager() {
        MemorySocket here = MemorySocket.sending(2 * MIB, 32 * 1024);
        MemorySocket there = MemorySocket.sending(2 * MIB, 32 * 1024);
        dials(there);
        rig.attach();
        var way = new DirectWay(rig);
        var once = new AtomicBoolean();
        way.tap = (wire, toFar, frame) -> {
            if (toFar && frame.hasData() && frame.getData().getOffset() > MIB && !once.getAndSet(true)) {
                way.gone();
            }
        };
        way.there();

        StreamEnd.join(here, open());

        whole(here, 2 * MIB);
        whole(there, 2 * MIB);
        assertThat(once).isTrue();
        assertThat(rig.wires).isNotEmpty();
        assertThat(rig.dials).hasValue(1);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamOfAManagerThatIsGoneGoesOnPastItAndStaysThereWhenItIsBack() {
        rig.goesOnWithoutManager(this::open, () -> new DirectWay(rig).there().wires);
    }

    @Example
    void withTheManagerAwayANewStreamOpensPastIt() {
        attachAndLose();
        new DirectWay(rig).there();

        exchange();

        assertThat(rig.wires).isEmpty();
        rig.nothingIsLeft();
    }

    @Example
    void aWayOnWhichNoLinkComesIntoStepIsLeftForTheManager() {
        rig.attach();
        var way = new DirectWay(rig);
        way.tap = (wire, toFar, frame) -> {
            if (toFar) {
                wire.cut();
            }
        };
        way.there();

        exchange();

        assertThat(way.told).isNotEmpty();
        assertThat(rig.wires).isNotEmpty();
    }

    @Example
    void linksThatNobodyHasAnsweredAreLostWithTheirConnection() {
        rig.attach();
        var way = new DirectWay(rig);
        way.answers = false;
        way.there();
        MemorySocket here = MemorySocket.sending(1000, 1000);
        MemorySocket there = MemorySocket.sending(1000, 1000);
        dials(there);
        StreamEnd.join(here, open());
        soon().until(() -> way.told.size() == 1);

        way.gone();

        whole(here, 1000);
        assertThat(rig.wires).hasSize(1);
    }

    @Example
    void requestsThatTheWatchDoesNotTakeWaitUntilItDoes() {
        attachAndLose();
        var way = new DirectWay(rig);
        way.ready = false;
        way.there();
        MemorySocket here = MemorySocket.sending(1000, 1000);
        MemorySocket there = MemorySocket.sending(1000, 1000);
        dials(there);
        StreamEnd.join(here, open());
        soon().until(() -> onNear(way.offers::waiting) == 1);
        assertThat(way.told).isEmpty();

        way.ready = true;
        rig.nearLoop.execute(way.offers::ready);

        whole(here, 1000);
        assertThat(onNear(way.offers::waiting)).isZero();
    }

    private <T> T onNear(Callable<T> look) {
        try {
            return rig.nearLoop.submit(look).get(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Example
    void anEdgeThatSpeaksForAnotherSessionIsNotListenedTo() {
        rig.attach();
        var way = new DirectWay(rig, "somebody-else").there();
        MemorySocket here = MemorySocket.sending(1000, 1000);
        MemorySocket there = MemorySocket.sending(1000, 1000);
        dials(there);

        StreamEnd.join(here, open());

        whole(here, 1000);
        assertThat(way.told).isNotEmpty();
        assertThat(rig.wires).as("it went by the manager, who looks").isNotEmpty();
        assertThat(rig.dials).hasValue(1);
    }

    @Example
    void aCallThatNamesNoWaitingLinkIsToldSo() {
        var way = new DirectWay(rig).there();
        var failed = new CompletableFuture<Throwable>();

        Multi<StreamFrame> call = Multi.createBy()
                .concatenating()
                .streams(
                        Multi.createFrom().item(Frames.answer(99, DirectWay.FAR)),
                        Multi.createFrom().nothing());
        way.offers.answered(call).subscribe(new Failing(failed));

        soon().until(failed::isDone);
        assertThat(failed.join()).hasMessageContaining("nobody waits for that link");
    }

    private record Failing(CompletableFuture<Throwable> failed) implements Flow.Subscriber<StreamFrame> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {}

        @Override
        public void onNext(StreamFrame frame) {}

        @Override
        public void onError(Throwable cause) {
            failed.complete(cause);
        }

        @Override
        public void onComplete() {}
    }

    @Property(tries = 200)
    void whicheverWaysComeAndGoTheBytesAreEqualAndNothingIsLeft(@ForAll long seed) {
        rig.close();
        var random = new SplittableRandom(seed);
        rig = random.nextBoolean() ? new CarryRig() : new CarryRig(Duration.ofMillis(random.nextInt(3)));
        var turns = new AtomicInteger(random.nextInt(1, 8));
        var until = new AtomicInteger(random.nextInt(1, 30));
        var way = new DirectWay[] {new DirectWay(rig)};
        CarryRig.Tap tap = (wire, toFar, frame) -> {
            // A call does not break without its connection before it is known whose it is.
            if (!frame.hasAnswer() && until.decrementAndGet() == 0 && turns.getAndDecrement() > 0) {
                until.set(1 + Math.floorMod(frame.hashCode() + (int) seed, 30));
                turn(way, wire, Math.floorMod(frame.hashCode() >> 3, 4));
            }
        };
        this.tap = tap;
        rig.tap = tap;
        way[0].tap = tap;
        if (random.nextBoolean()) {
            rig.attach();
        } else {
            attachAndLose();
        }
        way[0].there();
        int streams = random.nextInt(1, 4);
        int up = random.nextInt(300_000);
        int down = random.nextInt(300_000);
        List<MemorySocket> near = MemorySocket.several(streams, up, random);
        List<MemorySocket> far = MemorySocket.several(streams, down, random);
        var undialled = new ConcurrentLinkedQueue<>(far);
        rig.dial = () -> CompletableFuture.completedFuture(undialled.remove());
        near.forEach(each -> StreamEnd.join(each, open()));
        rig.attach();

        near.forEach(each -> whole(each, down));
        far.forEach(each -> whole(each, up));
        rig.nothingIsLeft();
        assertThat(rig.dials).hasValue(streams);
    }

    private void turn(DirectWay[] way, CarryRig.Wire wire, int kind) {
        rig.trouble(wire, kind, way[0]::gone, () -> {
            way[0].gone();
            var next = new DirectWay(rig);
            next.tap = tap;
            way[0] = next;
            rig.nearLoop.schedule(next::there, 2, TimeUnit.MILLISECONDS);
        });
    }
}
