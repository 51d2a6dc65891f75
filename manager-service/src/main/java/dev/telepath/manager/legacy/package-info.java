/**
 * The clear-text port for Telepresence peers.
 */
@NullMarked
package dev.telepath.manager.legacy;

import org.jspecify.annotations.NullMarked;
