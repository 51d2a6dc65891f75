package dev.telepath.client.direct;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * For how long a way that fell silent is left alone. It may carry small packets and lose large ones: each connection would
 * come about, take streams, and stall them until its silence is noticed. The first time a minute, each further one twice as
 * long, an hour at most; from the beginning again after a connection that held for an hour, or when the network is another.
 *
 * <p>Confined to one loop.
 */
final class Quarantine {
    static final Duration FIRST = Duration.ofMinutes(1);
    static final Duration MOST = Duration.ofHours(1);

    private final LongSupplier nanos;
    private Duration next = FIRST;
    private long attachedAt;
    private long until;
    private boolean holds;

    /**
     * @param nanos nanoseconds of no particular beginning
     */
    Quarantine(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** A connection has come about. */
    void attached() {
        attachedAt = nanos.getAsLong();
    }

    /** It fell silent. */
    void silent() {
        long now = nanos.getAsLong();
        if (now - attachedAt > MOST.toNanos()) {
            next = FIRST;
        }
        holds = true;
        until = now + next.toNanos();
        Duration twice = next.multipliedBy(2);
        next = twice.compareTo(MOST) > 0 ? MOST : twice;
    }

    /** Whether it is too early for another. */
    boolean holds() {
        holds = holds && nanos.getAsLong() - until < 0;
        return holds;
    }

    /** The network is another. */
    void lift() {
        holds = false;
        next = FIRST;
    }
}
