/**
 * Calls that carry bytes, taken from the HTTP server itself: no gRPC library lies between an HTTP/2 stream and the bridge,
 * so that the bytes of a joined call are handed on as they came, neither copied nor parsed.
 */
@NullMarked
package dev.telepath.manager.wire;

import org.jspecify.annotations.NullMarked;
