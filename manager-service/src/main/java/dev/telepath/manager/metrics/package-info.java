/**
 * Gauges and counters, under our names and under those of Telepresence.
 */
@NullMarked
package dev.telepath.manager.metrics;

import org.jspecify.annotations.NullMarked;
