/**
 * The command line: serve, init, token.
 */
@NullMarked
package dev.telepath.manager.cli;

import org.jspecify.annotations.NullMarked;
