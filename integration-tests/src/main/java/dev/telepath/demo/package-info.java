/**
 * The main job, played for a watcher.
 */
@NullMarked
package dev.telepath.demo;

import org.jspecify.annotations.NullMarked;
