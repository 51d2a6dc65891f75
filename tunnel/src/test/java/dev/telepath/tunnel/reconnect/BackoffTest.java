package dev.telepath.tunnel.reconnect;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BackoffTest {
    @Property
    void aWaitIsNeverLongerThanItsBounds(
            @ForAll @IntRange(max = 100) int attempt, @ForAll @IntRange(max = 50) int eager, @ForAll long seed) {
        Backoff backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10), eager);
        Duration wait = backoff.wait(attempt, new SplittableRandom(seed));
        int grown = Math.max(0, attempt - eager);
        long bound = grown < 6 ? 200L << grown : 10_000;
        assertThat(wait).isBetween(Duration.ZERO, Duration.ofMillis(Math.min(bound, 10_000)));
    }
}
