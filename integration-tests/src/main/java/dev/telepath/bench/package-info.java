/**
 * Measures the main job beside a direct connection in the same run.
 */
@NullMarked
package dev.telepath.bench;

import org.jspecify.annotations.NullMarked;
