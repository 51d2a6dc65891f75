/**
 * Streams between clients and agents: who dials, and how the two calls of a stream find each other.
 */
@NullMarked
package dev.telepath.manager.relay;

import org.jspecify.annotations.NullMarked;
