/**
 * Sockets as stream ends: dialled, accepted and datagram sockets, with half-close and back-pressure.
 */
@NullMarked
package dev.telepath.tunnel.net;

import org.jspecify.annotations.NullMarked;
