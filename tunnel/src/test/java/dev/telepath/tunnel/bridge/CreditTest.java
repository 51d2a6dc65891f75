package dev.telepath.tunnel.bridge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class CreditTest {
    @Property
    void thePoolNeverExceedsItsCapacityAndEndsEmpty(@ForAll List<Boolean> takes) {
        Credit credit = new Credit(256 * 1024, 1024 * 1024);
        Deque<Integer> held = new ArrayDeque<>();
        for (boolean take : takes) {
            if (take) {
                held.add(credit.take(8));
            } else if (!held.isEmpty()) {
                credit.giveBack(held.remove());
            }
            assertThat(credit.inUse()).isBetween(0L, credit.capacity());
        }
        held.forEach(credit::giveBack);
        assertThat(credit.inUse()).isZero();
    }

    @Example
    void aUsedUpPoolStillGivesEachStreamOneFrame() {
        Credit credit = new Credit(256 * 1024, 7L * Credit.FRAME);
        assertThat(credit.take(8)).isEqualTo(8);
        assertThat(credit.take(8)).isEqualTo(1);
    }
}
