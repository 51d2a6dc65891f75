package dev.telepath.client.direct;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class QuarantineTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final Quarantine quarantine = new Quarantine(now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** A connection that lasts so long and falls silent; how long the way is left alone then. */
    private Duration after(Duration held) {
        quarantine.attached();
        pass(held);
        quarantine.silent();
        Duration waited = Duration.ZERO;
        while (quarantine.holds()) {
            pass(Duration.ofSeconds(1));
            waited = waited.plusSeconds(1);
        }
        return waited;
    }

    @Test
    void aWayThatNeverFellSilentIsFree() {
        assertThat(quarantine.holds()).isFalse();
        quarantine.attached();
        assertThat(quarantine.holds()).isFalse();
    }

    @Test
    void eachSilenceCostsTwiceTheTimeOfTheOneBeforeUpToAnHour() {
        Duration short15 = Duration.ofSeconds(15);
        for (int minutes : new int[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            assertThat(after(short15)).isEqualTo(Duration.ofMinutes(minutes));
        }
    }

    @Test
    void aConnectionThatHeldForLongMakesItShortAgain() {
        after(Duration.ofSeconds(15));
        after(Duration.ofSeconds(15));
        assertThat(after(Duration.ofHours(2))).isEqualTo(Quarantine.FIRST);
    }

    @Test
    void anotherNetworkEndsIt() {
        after(Duration.ofSeconds(15));
        quarantine.attached();
        quarantine.silent();
        assertThat(quarantine.holds()).isTrue();
        quarantine.lift();
        assertThat(quarantine.holds()).isFalse();
        assertThat(after(Duration.ofSeconds(15))).isEqualTo(Quarantine.FIRST);
    }
}
