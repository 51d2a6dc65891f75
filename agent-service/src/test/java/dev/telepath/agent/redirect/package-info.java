/** Redirect rules. */
@NullMarked
package dev.telepath.agent.redirect;

import org.jspecify.annotations.NullMarked;
