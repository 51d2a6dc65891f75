/**
 * Every setting of {@code tp}: its name, type, default and range, and where its value came from.
 */
@NullMarked
package dev.telepath.client.config;

import org.jspecify.annotations.NullMarked;
