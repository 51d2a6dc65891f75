/** Connections of a client to an agent itself, past the manager: how each knows the other. */
@NullMarked
package dev.telepath.tunnel.direct;

import org.jspecify.annotations.NullMarked;
