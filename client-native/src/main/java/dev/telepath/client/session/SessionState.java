package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import java.time.Instant;
import java.util.Optional;

/**
 * Where the session stands, as users see it; {@link dev.telepath.tunnel.reconnect.State} decides.
 *
 * <pre>
 *   Connecting --attached--> Attached --lost--> Suspended --next try--> Connecting
 *   any --quit, denied, incompatible--> Stopped
 * </pre>
 */
public sealed interface SessionState {
    /** When this state began. */
    Instant since();

    /**
     * Attaching now.
     *
     * @param attempt tries since a session last held, 0 for the first
     * @param lost what it was lost by, when it is tried again at once
     */
    record Connecting(Instant since, int attempt, Optional<Lost> lost) implements SessionState {}

    /** The session is there. */
    record Attached(Instant since, String sessionId) implements SessionState {}

    /** Waiting for the next try. */
    record Suspended(Instant since, Lost lost, int attempt, Instant nextTry) implements SessionState {}

    /**
     * It is over, and does not come back by itself.
     *
     * @param lost empty after {@code tp quit}
     */
    record Stopped(Instant since, Failure failure, Optional<Lost> lost) implements SessionState {}

    /** Why there is no session; empty when there is one or it was not lost. */
    default Optional<Lost> why() {
        return switch (this) {
            case Connecting c -> c.lost();
            case Attached a -> Optional.empty();
            case Suspended s -> Optional.of(s.lost());
            case Stopped s -> s.lost();
        };
    }

    /** One word, as status prints it. */
    default String word() {
        return switch (this) {
            case Connecting c -> "connecting";
            case Attached a -> "attached";
            case Suspended s -> "suspended";
            case Stopped s -> "stopped";
        };
    }
}
