package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import java.time.Instant;

/**
 * Where the session stands.
 *
 * <pre>
 *   Connecting --attached--> Attached --lost--> Suspended --next try--> Connecting
 *   any --quit, denied, incompatible--> Stopped
 * </pre>
 */
public sealed interface SessionState {
    /** When this state began. */
    Instant since();

    /** Attaching now. */
    record Connecting(Instant since, int attempt) implements SessionState {}

    /** The session is there. */
    record Attached(Instant since, String sessionId) implements SessionState {}

    /** Waiting for the next try. */
    record Suspended(Instant since, Failure cause, int attempt, Instant nextTry) implements SessionState {}

    /** It is over, and does not come back by itself. */
    record Stopped(Instant since, Failure cause) implements SessionState {}

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
