/**
 * What can be engaged. Standalone: the agents that have arrived are the workloads.
 */
@NullMarked
package dev.telepath.manager.workload;

import org.jspecify.annotations.NullMarked;
