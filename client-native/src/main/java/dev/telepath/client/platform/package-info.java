/** Which system this machine has, the one place that looks; and its own programs. */
@NullMarked
package dev.telepath.client.platform;

import org.jspecify.annotations.NullMarked;
