/**
 * Clients and agents that have arrived, and how they depart or expire.
 */
@NullMarked
package dev.telepath.manager.session;

import org.jspecify.annotations.NullMarked;
