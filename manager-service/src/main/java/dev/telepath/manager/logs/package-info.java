/**
 * The manager's own recent log lines, and the log level of the whole installation.
 */
@NullMarked
package dev.telepath.manager.logs;

import org.jspecify.annotations.NullMarked;
