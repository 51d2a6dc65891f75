/** Gives memory back that a manager without much to do has no use for. */
@NullMarked
package dev.telepath.manager.memory;

import org.jspecify.annotations.NullMarked;
