/**
 * Starts the three programs as separate processes, and the services and callers around them.
 */
@NullMarked
package dev.telepath.harness;

import org.jspecify.annotations.NullMarked;
