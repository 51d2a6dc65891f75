package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.util.Optional;

/**
 * How a connection is kept.
 *
 * @param backoff waits between tries
 * @param stable how long a session must hold for the waits to start small again, at least zero
 * @param whenDenied wait where only a person can help; empty = stop
 * @param firstMustSucceed whether a first attempt that fails stops it, because somebody waits for the answer
 */
public record ReconnectPolicy(
        Backoff backoff, Duration stable, Optional<Duration> whenDenied, boolean firstMustSucceed) {}
