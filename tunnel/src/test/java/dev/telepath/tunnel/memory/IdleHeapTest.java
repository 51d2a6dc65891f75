package dev.telepath.tunnel.memory;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class IdleHeapTest {
    private static final long MIB = 1L << 20;
    private final IdleHeap heap = new IdleHeap();

    @Test
    void whatTheStartLeftBehindIsCollectedOnceNothingMoreIsMade() {
        assertThat(heap.look(80 * MIB)).as("nothing to compare with").isFalse();
        assertThat(heap.look(90 * MIB)).as("still at work").isFalse();
        assertThat(heap.look(91 * MIB)).isTrue();
        heap.collected(30 * MIB);
        assertThat(heap.look(31 * MIB)).as("nothing worth it").isFalse();
    }

    @Test
    void aProgramUnderLoadIsLeftAlone() {
        for (long used = 0; used < 500 * MIB; used += 20 * MIB) {
            assertThat(heap.look(used)).isFalse();
        }
        assertThat(heap.look(10 * MIB)).as("the runtime has collected").isFalse();
    }

    @Property
    void betweenTwoCollectionsAtLeastWhatIsWorthOneWasMade(@ForAll @LongRange(min = 1, max = 3) long each) {
        long live = 40 * MIB;
        heap.collected(live);
        long used = live;
        do {
            used += each * MIB;
        } while (!heap.look(used));
        assertThat(used - live).isBetween(IdleHeap.WORTH, IdleHeap.WORTH + IdleHeap.IDLE);
    }
}
