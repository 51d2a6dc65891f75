/**
 * What commands print: text, JSON or YAML, and progress.
 */
@NullMarked
package dev.telepath.client.output;

import org.jspecify.annotations.NullMarked;
