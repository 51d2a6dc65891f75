/** Dialling from the workload's network. */
@NullMarked
package dev.telepath.agent.dial;

import org.jspecify.annotations.NullMarked;
