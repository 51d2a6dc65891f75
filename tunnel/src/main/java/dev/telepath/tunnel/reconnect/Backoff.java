package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential back-off with full jitter, after a number of eager tries: an eager wait is uniform between zero and
 * {@code first}, the n-th after them between zero and {@code first * 2^n}, at most {@code most}. Eager, because most
 * outages are short, and somebody sits before the streams that wait. Immutable; the number of the attempt is the caller's.
 *
 * @param first upper bound of the first waits, at least a millisecond
 * @param most upper bound of any wait
 * @param eager how many tries come before the waits grow, at least zero
 */
public record Backoff(Duration first, Duration most, int eager) {
    /** With waits of at most 200 ms, they are over after some fifteen seconds. */
    public static final int EAGER = 150;

    /** 200 ms, {@value #EAGER} times, doubling to 10 s. */
    public static final Backoff STANDARD = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(10));

    /** With {@link #EAGER} tries before the waits grow. */
    public Backoff(Duration first, Duration most) {
        this(first, most, EAGER);
    }

    /**
     * @param attempt 0 for the first wait
     */
    public Duration wait(int attempt, RandomGenerator random) {
        int doublings = Math.clamp((long) attempt - eager, 0, 30);
        long bound = Math.min(most.toMillis(), first.toMillis() << doublings);
        return Duration.ofMillis(random.nextLong(Math.max(1, bound) + 1));
    }
}
