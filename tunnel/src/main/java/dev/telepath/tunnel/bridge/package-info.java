/**
 * The floor under the Mutiny contract: Reactive Streams demand becomes gRPC demand, so that a stalled peer stops its
 * sender instead of filling memory. Every byte-carrying RPC of the three programs goes through here.
 */
@NullMarked
package dev.telepath.tunnel.bridge;

import org.jspecify.annotations.NullMarked;
