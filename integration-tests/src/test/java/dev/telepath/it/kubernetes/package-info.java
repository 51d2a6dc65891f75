/** Telepath in a real cluster. */
@NullMarked
package dev.telepath.it.kubernetes;

import org.jspecify.annotations.NullMarked;
