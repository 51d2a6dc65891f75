/**
 * Where the daemon keeps its socket, lock, logs and journal, and how it is started.
 */
@NullMarked
package dev.telepath.client.home;

import org.jspecify.annotations.NullMarked;
