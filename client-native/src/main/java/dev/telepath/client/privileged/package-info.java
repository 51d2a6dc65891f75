/**
 * The one process with a capability: it makes the device, leads networks and names to it, at the daemon's word, and undoes
 * all of it when either of the two is gone. Linux; macOS is experimental.
 */
@NullMarked
package dev.telepath.client.privileged;

import org.jspecify.annotations.NullMarked;
