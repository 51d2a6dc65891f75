/** Connections of clients to this agent itself, past the manager, and where it listens for them. */
@NullMarked
package dev.telepath.agent.direct;

import org.jspecify.annotations.NullMarked;
