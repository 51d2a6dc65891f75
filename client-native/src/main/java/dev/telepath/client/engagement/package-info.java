/**
 * Engagements: what the user wants of workloads, kept true at the manager.
 */
@NullMarked
package dev.telepath.client.engagement;

import org.jspecify.annotations.NullMarked;
