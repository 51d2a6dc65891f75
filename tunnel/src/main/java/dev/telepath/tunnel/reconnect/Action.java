package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.util.Optional;

/** What a transition asks the owner of the connection to do, in order. */
public sealed interface Action {
    /** Open a connection, with credentials that are read again. There is none when this is asked. */
    record Connect() implements Action {}

    /**
     * Close the connection and free all that it holds.
     *
     * @param goodbye tell the peer first
     */
    record TearDown(boolean goodbye) implements Action {}

    /** Bring {@link Event.RetryDue} after that time. */
    record ArmTimer(Duration after) implements Action {}

    /** Bring no {@link Event.RetryDue}. */
    record CancelTimer() implements Action {}

    /** Tell the peer the whole desired state. */
    record Sync() implements Action {}

    /**
     * The state changed.
     *
     * @param loss what the connection was lost by; empty when it was not
     * @param away how long there was no session, when there is one again
     */
    record Report(State from, State to, Optional<Loss> loss, Optional<Duration> away) implements Action {}
}
