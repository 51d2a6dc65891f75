/**
 * The frames of the Telepresence {@code Tunnel} RPC (stream version 2) and their bytes. No I/O.
 */
@NullMarked
package dev.telepath.tunnel.frame;

import org.jspecify.annotations.NullMarked;
