package dev.telepath.harness.fault;

import java.time.Duration;
import java.util.Set;

/** What a {@link FaultProxy} does to the connections it carries, and to new ones, until it is told something else. */
public sealed interface Fault {
    /** Nothing: bytes pass as they come. */
    record Pass() implements Fault {}

    /**
     * Every byte arrives later; order and rate stay.
     *
     * @param eachWay 0 to 10 s
     */
    record Delay(Duration eachWay) implements Fault {
        public Delay {
            if (eachWay.isNegative() || eachWay.compareTo(Duration.ofSeconds(10)) > 0) {
                throw new IllegalArgumentException("a delay of " + eachWay + " is out of range (0 to 10 s)");
            }
        }
    }

    /**
     * Nothing is read or written, ends and resets included, and TCP stays alive: what a dead route or a hung host looks
     * like. New connections are accepted and get nothing. Bytes held go on in order when another fault replaces this one; a
     * {@link FaultProxy#cut} drops them.
     *
     * @param ways the directions that stop
     */
    record Blackhole(Set<Direction> ways) implements Fault {
        public Blackhole {
            ways = Set.copyOf(ways);
        }

        /** Both directions. */
        public Blackhole() {
            this(Set.of(Direction.values()));
        }
    }

    /** Every byte is a segment of its own. */
    record ByteAtATime() implements Fault {}

    /**
     * A slow line.
     *
     * @param bytesPerSecond of each direction of each connection, at least 1
     */
    record Bandwidth(long bytesPerSecond) implements Fault {
        public Bandwidth {
            if (bytesPerSecond < 1) {
                throw new IllegalArgumentException("a bandwidth is at least 1 byte/s");
            }
        }
    }

    /** New connections are refused; those that are open pass. */
    record Refuse(Refusal how) implements Fault {}

    /** How a new connection is refused. */
    enum Refusal {
        /** Nobody listens. */
        CLOSED,
        /** It is accepted and reset, as by a middle box. */
        RESET
    }
}
