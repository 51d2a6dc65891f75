/** Arrival, ownership, expiry. */
@NullMarked
package dev.telepath.manager.session;

import org.jspecify.annotations.NullMarked;
