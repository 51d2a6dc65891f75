/** Resolving names from the workload's network. */
@NullMarked
package dev.telepath.agent.names;

import org.jspecify.annotations.NullMarked;
