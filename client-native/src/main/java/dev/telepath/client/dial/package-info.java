/**
 * Streams that the cluster opens towards local processes.
 */
@NullMarked
package dev.telepath.client.dial;

import org.jspecify.annotations.NullMarked;
