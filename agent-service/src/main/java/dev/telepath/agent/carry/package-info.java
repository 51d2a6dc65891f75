/** Resumable streams of the agent, both ways. */
@NullMarked
package dev.telepath.agent.carry;

import org.jspecify.annotations.NullMarked;
