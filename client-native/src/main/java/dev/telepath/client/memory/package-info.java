/** Gives back memory that a daemon without much to do has no use for. */
@NullMarked
package dev.telepath.client.memory;

import org.jspecify.annotations.NullMarked;
