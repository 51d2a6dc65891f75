/**
 * When to try again: back-off as a value.
 */
@NullMarked
package dev.telepath.tunnel.reconnect;

import org.jspecify.annotations.NullMarked;
