/** What the agent counts, for Prometheus and for the manager. */
@NullMarked
package dev.telepath.agent.metrics;

import org.jspecify.annotations.NullMarked;
