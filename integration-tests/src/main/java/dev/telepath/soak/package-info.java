/** The soak: a long load under random faults, and what is left of it. */
@NullMarked
package dev.telepath.soak;

import org.jspecify.annotations.NullMarked;
