/** Settings of the agent: what they are called, what they may be, where they come from. */
@NullMarked
package dev.telepath.agent.settings;

import org.jspecify.annotations.NullMarked;
