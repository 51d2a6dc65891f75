/**
 * The command line: one class per command.
 */
@NullMarked
package dev.telepath.client.cli;

import org.jspecify.annotations.NullMarked;
