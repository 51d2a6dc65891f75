/** Tokens and the data directory. */
@NullMarked
package dev.telepath.manager.security;

import org.jspecify.annotations.NullMarked;
