/** Settings as a user writes them. */
@NullMarked
package dev.telepath.manager.cli;

import org.jspecify.annotations.NullMarked;
