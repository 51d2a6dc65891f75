/**
 * The daemon: answers the commands, owns the engine.
 */
@NullMarked
package dev.telepath.client.daemon;

import org.jspecify.annotations.NullMarked;
