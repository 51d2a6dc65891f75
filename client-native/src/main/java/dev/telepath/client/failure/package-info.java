/**
 * What goes wrong, as a user sees it: a kind with its exit code, a sentence, and what to do next.
 */
@NullMarked
package dev.telepath.client.failure;

import org.jspecify.annotations.NullMarked;
