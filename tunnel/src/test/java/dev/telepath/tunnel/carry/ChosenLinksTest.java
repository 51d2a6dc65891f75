package dev.telepath.tunnel.carry;

import static dev.telepath.tunnel.carry.CarryRig.soon;
import static dev.telepath.tunnel.carry.CarryRig.whole;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.StreamEnd;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterTry;
import org.jspecify.annotations.NullUnmarked;

/** Streams to whom the manager chooses, past it once it has: when they do, when they may, and that they are whole. */
@NullUnmarked
class ChosenLinksTest {
    private static final int MIB = 1024 * 1024;

    private CarryRig rig = new CarryRig();
    private CarryRig.Tap tap;
    private byte strangers;

    @AfterTry
    void close() {
        rig.close();
    }

    private static ConnectionId to(int port) {
        return ConnectionId.of(
                Protocol.TCP, new InetSocketAddress("127.0.0.1", 40000), new InetSocketAddress("127.0.0.1", port));
    }

    private ResumableEnd open(int port) {
        return rig.initiator.open(to(port), Duration.ofSeconds(5), "");
    }

    private void exchange(int port) {
        MemorySocket here = MemorySocket.sending(100_000, 1000);
        MemorySocket there = MemorySocket.sending(200_000, 1000);
        rig.dial = () -> CompletableFuture.completedFuture(there);
        StreamEnd.join(here, open(port));
        whole(here, 200_000);
        whole(there, 100_000);
        rig.nothingIsLeft();
    }

    private void age(Duration by) {
        rig.aged.addAndGet(by.toNanos());
    }

    @Example
    void whomTheManagerHasChosenIsReachedPastItByTheNextStreamToTheSameDestination() {
        rig.attach();
        var way = new ServedWay(rig).there();

        exchange(80);
        assertThat(rig.wires).as("the manager chooses").hasSize(1);
        assertThat(way.wires).isEmpty();

        exchange(80);
        exchange(80);
        assertThat(rig.wires).hasSize(1);
        assertThat(way.wires).as("the third has the link of the second").hasSize(1);
        assertThat(rig.nearMeters.counter("telepath.links.direct").count()).isEqualTo(1);
    }

    @Example
    void anotherDestinationIsTheManagersToChooseFor() {
        rig.attach();
        var way = new ServedWay(rig).there();

        exchange(80);
        exchange(81);

        assertThat(rig.wires).hasSize(2);
        assertThat(way.wires).isEmpty();
    }

    @Example
    void theManagerIsAskedAgainAfterAWhile() {
        rig.attach();
        var way = new ServedWay(rig).there();
        exchange(80);
        exchange(80);
        age(IdleLinks.OLDEST.plusSeconds(1));
        soon().until(() -> rig.near.idleLinks() == 0);

        exchange(80);
        assertThat(rig.wires).hasSize(2);
        exchange(80);
        assertThat(rig.wires).hasSize(2);
        assertThat(way.wires).hasSize(2);
    }

    @Example
    void aLinkOfTheTimeBeforeTheWayIsNotKeptForItsDestination() {
        rig.attach();
        exchange(80);
        var way = new ServedWay(rig).there();
        exchange(80);
        exchange(80);

        assertThat(rig.wires).hasSize(2);
        assertThat(way.wires).hasSize(1);
    }

    @Example
    void nobodyDialsWhatTheManagerHasNotLetThroughOrNotLately() {
        rig.attach();
        var way = new ServedWay(rig);
        assertThat(greeted(way, CarryRig.NEAR, 80)).isEmpty();
        assertThat(rig.dials).hasValue(0);

        exchange(80);
        int dials = rig.dials.get();
        rig.dial = () -> CompletableFuture.completedFuture(MemorySocket.sending(10, 10));
        assertThat(greeted(new ServedWay(rig, "another"), "another", 80)).isEmpty();
        assertThat(greeted(new ServedWay(rig, "another"), CarryRig.NEAR, 80)).isEmpty();
        assertThat(greeted(way, CarryRig.NEAR, 81)).isEmpty();
        assertThat(rig.dials).hasValue(dials);

        assertThat(greeted(way, CarryRig.NEAR, 80)).anyMatch(StreamFrame::hasAccepted);
        assertThat(rig.dials).hasValue(dials + 1);
        age(GreetedLinks.OLDEST.plusSeconds(1));
        assertThat(greeted(way, CarryRig.NEAR, 80)).isEmpty();
        assertThat(rig.dials).hasValue(dials + 1);
    }

    /** What a link is answered that is brought past the manager, up to its acceptance or end. */
    private List<StreamFrame> greeted(ServedWay way, String session, int port) {
        var stranger = new Stranger(rig, link -> rig.nearLoop.execute(() -> way.carry(link)));
        stranger.sends(StreamFrame.newBuilder()
                .setOpen(StreamFrame.Open.newBuilder()
                        .setStreamId(ByteString.copyFrom(
                                new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ++strangers}))
                        .setConnectionId(to(port).bytes())
                        .setAttempt(1)
                        .setLimit(1 << 20)
                        .setSessionId(session)
                        .setRun(CarryRig.RUN))
                .build());
        soon().until(() -> stranger.isOver() || stranger.answers().stream().anyMatch(StreamFrame::hasAccepted));
        return stranger.answers().stream()
                .filter(each -> !each.equals(StreamFrame.getDefaultInstance()))
                .toList();
    }

    @Example
    void anEdgeThatDoesNotTakeItCostsOneTryAndTheManagerCarriesIt() {
        rig.attach();
        var way = new ServedWay(rig);
        way.tap = (wire, toFar, frame) -> {
            if (toFar) {
                wire.cut();
            }
        };
        way.there();
        exchange(80);
        exchange(80);
        exchange(80);

        assertThat(rig.wires).as("the third has the link of the second").hasSize(2);
        assertThat(way.wires).as("no other stream tries").hasSize(1);
    }

    @Example
    void aStreamWhoseWayBreaksGoesOnByTheManager() {
        rig.attach();
        var way = new ServedWay(rig);
        way.there();
        exchange(80);
        MemorySocket here = MemorySocket.sending(2 * MIB, 32 * 1024);
        MemorySocket there = MemorySocket.sending(2 * MIB, 32 * 1024);
        rig.dial = () -> CompletableFuture.completedFuture(there);
        var once = new AtomicBoolean();
        way.tap = (wire, toFar, frame) -> {
            if (toFar && frame.hasData() && frame.getData().getOffset() > MIB && !once.getAndSet(true)) {
                rig.nearLoop.execute(way::gone);
            }
        };

        StreamEnd.join(here, open(80));

        whole(here, 2 * MIB);
        whole(there, 2 * MIB);
        assertThat(once).isTrue();
        assertThat(way.wires).isNotEmpty();
        assertThat(rig.dials).hasValue(2);
        rig.nothingIsLeft();
    }

    @Example
    void aStreamOfAManagerThatIsGoneGoesOnPastItAndStaysThereWhenItIsBack() {
        rig.goesOnWithoutManager(() -> open(80), () -> new ServedWay(rig).there().wires);
    }

    @Property(tries = 200)
    void whicheverWaysComeAndGoTheBytesAreEqualAndNothingIsLeft(@ForAll long seed) {
        rig.close();
        var random = new SplittableRandom(seed);
        rig = random.nextBoolean() ? new CarryRig() : new CarryRig(Duration.ofMillis(random.nextInt(3)));
        var turns = new AtomicInteger(random.nextInt(1, 8));
        var until = new AtomicInteger(random.nextInt(1, 30));
        var way = new ServedWay[] {new ServedWay(rig)};
        CarryRig.Tap tap = (wire, toFar, frame) -> {
            if (until.decrementAndGet() == 0 && turns.getAndDecrement() > 0) {
                until.set(1 + Math.floorMod(frame.hashCode() + (int) seed, 30));
                turn(way, wire, Math.floorMod(frame.hashCode() >> 3, 4));
            }
        };
        rig.attach();
        exchange(80);
        int dials = rig.dials.get();
        this.tap = tap;
        rig.tap = tap;
        way[0].tap = tap;
        way[0].there();
        int streams = random.nextInt(1, 6);
        int up = random.nextInt(300_000);
        int down = random.nextInt(300_000);
        List<MemorySocket> near = MemorySocket.several(streams, up, random);
        List<MemorySocket> far = MemorySocket.several(streams, down, random);
        var undialled = new ConcurrentLinkedQueue<>(far);
        rig.dial = () -> CompletableFuture.completedFuture(undialled.remove());
        for (MemorySocket each : near) {
            StreamEnd.join(each, open(80));
            if (random.nextBoolean()) {
                whole(each, down);
            }
        }
        rig.attach();

        near.forEach(each -> whole(each, down));
        far.forEach(each -> whole(each, up));
        rig.nothingIsLeft();
        assertThat(rig.dials).hasValue(dials + streams);
    }

    private void turn(ServedWay[] way, CarryRig.Wire wire, int kind) {
        rig.trouble(wire, kind, () -> rig.nearLoop.execute(way[0]::gone), () -> {
            ServedWay broken = way[0];
            var next = new ServedWay(rig);
            next.tap = tap;
            way[0] = next;
            rig.nearLoop.execute(broken::gone);
            rig.nearLoop.schedule(next::there, 2, TimeUnit.MILLISECONDS);
        });
    }
}
