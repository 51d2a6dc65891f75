/** Connections of both ports, and the calls that end with them. */
@NullMarked
package dev.telepath.manager.connection;

import org.jspecify.annotations.NullMarked;
