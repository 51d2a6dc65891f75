/**
 * Streams that survive the loss of their connection: the protocol between the two edges of a stream, without I/O, threads
 * or clock.
 */
@NullMarked
package dev.telepath.tunnel.resume;

import org.jspecify.annotations.NullMarked;
