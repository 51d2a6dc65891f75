/**
 * Agents on demand: what is wanted, the rollout that brings it, and why it failed.
 */
@NullMarked
package dev.telepath.manager.kubernetes.demand;

import org.jspecify.annotations.NullMarked;
