/** Resumable streams in the manager: pairs the links of two edges, and is an edge itself where the manager dials. */
@NullMarked
package dev.telepath.manager.carry;

import org.jspecify.annotations.NullMarked;
