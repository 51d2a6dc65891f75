package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.tunnel.reconnect.Cause;

/**
 * Why there is no session.
 *
 * @param failure the same for the user
 */
public record Lost(Cause cause, Failure failure) {}
