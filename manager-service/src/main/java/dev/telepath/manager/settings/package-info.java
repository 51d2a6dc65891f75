/**
 * What an installer may set, and the clock and timer that everything else is given.
 */
@NullMarked
package dev.telepath.manager.settings;

import org.jspecify.annotations.NullMarked;
