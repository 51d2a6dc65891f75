package dev.telepath.tunnel.liveness;

import java.time.Duration;

/**
 * How an edge shows that it lives.
 *
 * @param interval between two pulses, at least a millisecond
 * @param limit silence after which the peer is given up; rounded up to whole intervals, at least two
 */
public record Rhythm(Duration interval, Duration limit) {
    /** Every 5 s, given up after 15 s. */
    public static final Rhythm STANDARD = new Rhythm(Duration.ofSeconds(5), Duration.ofSeconds(15));

    /** How many intervals make the limit. */
    int intervals() {
        long nanos = Math.max(1, interval.toNanos());
        return (int) Math.clamp(Math.ceilDiv(limit.toNanos(), nanos), 2, Integer.MAX_VALUE);
    }
}
