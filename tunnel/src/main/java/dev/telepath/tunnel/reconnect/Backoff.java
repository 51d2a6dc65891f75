package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential back-off with full jitter: the n-th wait is uniform between zero and {@code first * 2^n}, at most
 * {@code most}. Immutable; the number of the attempt is the caller's.
 *
 * @param first upper bound of the first wait, at least a millisecond
 * @param most upper bound of any wait
 */
public record Backoff(Duration first, Duration most) {
    /** 200 ms doubling to 10 s. */
    public static final Backoff STANDARD = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10));

    /**
     * @param attempt 0 for the first wait
     */
    public Duration wait(int attempt, RandomGenerator random) {
        long bound = Math.min(most.toMillis(), first.toMillis() << Math.clamp(attempt, 0, 30));
        return Duration.ofMillis(random.nextLong(Math.max(1, bound) + 1));
    }
}
