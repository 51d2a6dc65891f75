/**
 * The daemon's log file and the bundle that gather-logs makes.
 */
@NullMarked
package dev.telepath.client.logs;

import org.jspecify.annotations.NullMarked;
