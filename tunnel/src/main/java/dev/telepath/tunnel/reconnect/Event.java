package dev.telepath.tunnel.reconnect;

/** What happens to a supervised connection. */
public sealed interface Event {
    /** Begin. */
    record Start() implements Event {}

    /** The attempt under way has a session. */
    record Attached() implements Event {}

    /** The attempt failed, or the session's connection broke. */
    record Lost(Loss loss) implements Event {}

    /** The wait is over. */
    record RetryDue() implements Event {}

    /** Addresses or routes of this machine changed. */
    record NetworkChanged() implements Event {}

    /** The user wants a new connection now. */
    record ReconnectAsked() implements Event {}

    /** There are new credentials, where the old ones are read from. */
    record CredentialsRefreshed() implements Event {}

    /** End for good. */
    record Quit() implements Event {}
}
