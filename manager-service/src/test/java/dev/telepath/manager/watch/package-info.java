/** What watches promise. */
@NullMarked
package dev.telepath.manager.watch;

import org.jspecify.annotations.NullMarked;
