/** Inputs for decoders: a short, repeatable run in every build beside the long one of Jazzer. */
@NullMarked
package dev.telepath.fuzz;

import org.jspecify.annotations.NullMarked;
