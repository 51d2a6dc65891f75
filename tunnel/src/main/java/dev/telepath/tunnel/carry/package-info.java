/**
 * Resumable streams as stream ends: links as {@code Carry} calls, the edge that opens streams, the edge that answers, and
 * what both have in common. All of one process on one event loop.
 */
@NullMarked
package dev.telepath.tunnel.carry;

import org.jspecify.annotations.NullMarked;
