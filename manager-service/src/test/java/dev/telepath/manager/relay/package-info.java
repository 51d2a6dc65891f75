/** Rendezvous. */
@NullMarked
package dev.telepath.manager.relay;

import org.jspecify.annotations.NullMarked;
