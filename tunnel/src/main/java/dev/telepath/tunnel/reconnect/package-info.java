/**
 * Keeping a connection: why it was lost, what follows from that, and when to try again. Pure decisions
 * ({@link dev.telepath.tunnel.reconnect.Supervisor}) and one driver for all programs.
 */
@NullMarked
package dev.telepath.tunnel.reconnect;

import org.jspecify.annotations.NullMarked;
