/** The manager's end in order: what SIGTERM sets off. */
@NullMarked
package dev.telepath.manager.drain;

import org.jspecify.annotations.NullMarked;
