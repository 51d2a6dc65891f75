/**
 * Intercepts, wiretaps and ingests: their dispositions, conflicts and reviews.
 */
@NullMarked
package dev.telepath.manager.engagement;

import org.jspecify.annotations.NullMarked;
