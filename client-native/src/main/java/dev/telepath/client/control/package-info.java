/**
 * The line protocol between the command line and the daemon, over a private Unix socket.
 */
@NullMarked
package dev.telepath.client.control;

import org.jspecify.annotations.NullMarked;
