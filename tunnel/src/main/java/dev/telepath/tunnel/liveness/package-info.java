/**
 * Signs of life that take the way of data: an edge's pulses and a manager's answers, each with a limit for silence.
 */
@NullMarked
package dev.telepath.tunnel.liveness;

import org.jspecify.annotations.NullMarked;
