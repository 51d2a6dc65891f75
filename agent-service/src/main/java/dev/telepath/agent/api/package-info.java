/** The service that clients of the direct era call on the agent itself. */
@NullMarked
package dev.telepath.agent.api;

import org.jspecify.annotations.NullMarked;
