/** Resolving names from the workload's network: addresses by the runtime, other records by its name servers. */
@NullMarked
package dev.telepath.agent.names;

import org.jspecify.annotations.NullMarked;
