package dev.telepath.tunnel.reconnect;

import java.time.Instant;
import java.util.Optional;

/**
 * Where a supervised connection stands.
 *
 * <pre>
 *   Idle ──start──► Connecting ──attached──► Attached ──lost──► Suspended ──wait over──► Connecting
 *   any ──quit, or a loss that only a person can mend──► Stopped
 * </pre>
 */
public sealed interface State {
    /** Not started. */
    record Idle() implements State {}

    /** An attempt is under way. */
    record Connecting(Tries tries) implements State {}

    /** The session is there. */
    record Attached(Instant since, Tries tries) implements State {}

    /** Waiting for the next try. */
    record Suspended(Loss loss, Tries tries, Instant nextTry) implements State {}

    /** It does not come back by itself. */
    record Stopped(Reason reason) implements State {}

    /** Why it is stopped. */
    sealed interface Reason {
        /** It was told to. Final. */
        record Quit() implements Reason {}

        /** What only a person can mend. New credentials or an explicit wish begin anew. */
        record Lost(Loss loss, Tries tries) implements Reason {}
    }

    /**
     * What is remembered from try to try.
     *
     * @param attempt tries since a session last held, 0 for the first
     * @param denied how many of them were denied for their credentials
     * @param everAttached whether there ever was a session
     * @param lostAt when the last session was lost; empty while attached or before the first
     */
    record Tries(int attempt, int denied, boolean everAttached, Optional<Instant> lostAt) {
        /** Nothing tried yet. */
        public static final Tries NONE = new Tries(0, 0, false, Optional.empty());

        private static final int MOST = 1_000_000;

        Tries next(Cause cause) {
            int denials = cause.remedy() == Cause.Remedy.REFRESH ? Math.min(denied + 1, MOST) : denied;
            return new Tries(Math.min(attempt + 1, MOST), denials, everAttached, lostAt);
        }

        Tries withNewCredentials() {
            return new Tries(attempt, 0, everAttached, lostAt);
        }

        Tries attached() {
            return new Tries(attempt, denied, true, Optional.empty());
        }

        Tries lost(Instant now, boolean held) {
            return new Tries(held ? 0 : attempt, held ? 0 : denied, true, Optional.of(now));
        }
    }

    /** The number of the metric: 0 suspended, 1 connecting, 2 attached, 3 stopped or not started. */
    default int number() {
        return switch (this) {
            case Suspended s -> 0;
            case Connecting c -> 1;
            case Attached a -> 2;
            case Stopped s -> 3;
            case Idle i -> 3;
        };
    }
}
