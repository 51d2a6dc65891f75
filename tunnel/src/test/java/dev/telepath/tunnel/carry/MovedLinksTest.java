package dev.telepath.tunnel.carry;

import static dev.telepath.tunnel.carry.CarryRig.soon;
import static dev.telepath.tunnel.carry.CarryRig.whole;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.stream.StreamEnd;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Streams that work by the manager when there is a way past it. Both kinds of way, with all their troubles: ChosenLinksTest, DirectLinksTest. */
@NullUnmarked
class MovedLinksTest {
    private static final int MIB = 1024 * 1024;

    private final CarryRig rig = new CarryRig(Duration.ofMillis(20));

    @AfterEach
    void close() {
        rig.close();
    }

    /** A pair that has sent each other that much, and stays open. */
    private record Pair(MemorySocket here, MemorySocket there) {
        void halfClose() {
            here.halfClose();
            there.halfClose();
            whole(here, MIB);
            whole(there, MIB);
        }
    }

    private Pair open() {
        var pair = new Pair(MemorySocket.open(MIB), MemorySocket.open(MIB));
        rig.dial = () -> CompletableFuture.completedFuture(pair.there());
        StreamEnd.join(pair.here(), rig.open());
        soon().until(() -> pair.here().got() == MIB && pair.there().got() == MIB);
        return pair;
    }

    @Test
    void aStreamThatTheManagerCarriesIsMovedToTheWayPastItAndNobodyTakesThatForALoss() {
        rig.attach();
        List<Pair> pairs = Stream.generate(this::open).limit(100).toList();
        var way = new ServedWay(rig).there();

        soon().until(() -> way.wires.size() == 100 && movedCount() == 100);
        soon().until(() -> rig.near.suspended() == 0 && rig.far.suspended() == 0);
        pairs.forEach(Pair::halfClose);
        rig.nothingIsLeft();
        for (var meters : List.of(rig.nearMeters, rig.farMeters)) {
            assertThat(meters.timer("telepath.stream.resume").count())
                    .as("streams that were suspended")
                    .isZero();
        }
        assertThat(way.wires).as("each once").hasSize(100);
        assertThat(rig.wires).as("and none by the manager again").hasSize(100);
    }

    private double movedCount() {
        return rig.nearMeters.counter("telepath.links.moved").count();
    }

    @Test
    void aFlowOfDatagramsIsMovedToo() {
        rig.attach();
        MemorySocket here = MemorySocket.open(0);
        MemorySocket there = MemorySocket.open(0);
        rig.dial = () -> CompletableFuture.completedFuture(there);
        StreamEnd.join(here, rig.openFlow());
        soon().until(here::asked);
        var way = new ServedWay(rig);
        var past = new AtomicInteger();
        way.tap = (wire, toFar, frame) -> {
            if (frame.hasDatagram()) {
                past.incrementAndGet();
            }
        };
        way.there();
        soon().until(() -> movedCount() == 1 && rig.near.suspended() == 0);

        ByteString datagram = ByteString.copyFromUtf8("datagram");
        soon().until(() -> {
            if (here.asked()) {
                here.say(datagram);
            }
            // The first may still go by the manager.
            return there.datagrams().contains(datagram) && past.get() > 0;
        });
    }

    @Test
    void aFlowThatIsMovedInTheMidstOfDatagramsLosesNoneOfThem() {
        // Longer by the manager than by the way past it: much is under way there when the flow has moved.
        rig.lag = Duration.ofMillis(50);
        rig.attach();
        MemorySocket here = MemorySocket.open(0);
        MemorySocket there = MemorySocket.open(0);
        rig.dial = () -> CompletableFuture.completedFuture(there);
        StreamEnd.join(here, rig.openFlow());
        soon().until(() -> here.asked() && there.asked());
        var way = new ServedWay(rig);
        int said = 0;
        boolean moved = false;
        for (int more = 0; more < 40; said++) {
            ByteString datagram = ByteString.copyFromUtf8("datagram " + said);
            // No more under way than a link takes.
            int heard = said - 10;
            soon().until(() ->
                    here.datagrams().size() >= heard && there.datagrams().size() >= heard);
            soon().until(() -> here.asked() && there.asked());
            here.say(datagram);
            there.say(datagram);
            if (said == 20) {
                way.there();
            }
            moved |= movedCount() == 1 && rig.near.suspended() == 0;
            more += moved ? 1 : 0;
        }
        int all = said;

        soon().untilAsserted(() -> {
            assertThat(here.datagrams()).hasSize(all).doesNotHaveDuplicates();
            assertThat(there.datagrams()).hasSize(all).doesNotHaveDuplicates();
        });
    }

    @Test
    void aStreamThatLosesItAgainAndAgainStaysWithTheManager() {
        rig.attach();
        Pair pair = open();
        for (int loss = 1; loss <= 2; loss++) {
            var way = new ServedWay(rig).there();
            int links = loss;
            soon().until(() -> way.wires.size() == 1 && movedCount() == links && rig.near.suspended() == 0);
            way.gone();
            soon().until(() -> rig.wires.size() == 1 + links && rig.near.suspended() == 0 && rig.far.suspended() == 0);
        }

        var third = new ServedWay(rig).there();
        Pair other = open();
        soon().until(() -> !third.wires.isEmpty() && rig.near.suspended() == 0);
        assertThat(third.wires).as("of the other stream").hasSize(1);
        assertThat(movedCount()).isEqualTo(3);
        pair.halfClose();
        other.halfClose();
        rig.nothingIsLeft();
    }

    @Test
    void aWayThatDoesNotTakeItIsTriedOnceAndTheNextOneAgain() {
        rig.attach();
        Pair pair = open();
        var way = new ServedWay(rig);
        way.tap = (wire, toFar, frame) -> wire.cut();
        way.there();
        soon().until(() -> rig.wires.size() == 2 && rig.near.suspended() == 0 && rig.far.suspended() == 0);
        // As many looks more as it takes another stream to be tried.
        Pair other = open();
        soon().until(() -> way.wires.size() == 2 && rig.near.suspended() == 0);

        way.gone();
        var better = new ServedWay(rig).there();
        soon().until(() -> better.wires.size() == 2 && rig.near.suspended() == 0);
        assertThat(way.wires).as("each stream once").hasSize(2);
        Stream.of(pair, other).forEach(Pair::halfClose);
        rig.nothingIsLeft();
    }
}
