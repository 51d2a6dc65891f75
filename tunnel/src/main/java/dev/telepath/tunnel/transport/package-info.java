/**
 * How an edge reaches a manager: address, join token, pinned TLS, gRPC channel.
 */
@NullMarked
package dev.telepath.tunnel.transport;

import org.jspecify.annotations.NullMarked;
