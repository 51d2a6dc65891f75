/** Which system this machine has and whether this program is an executable, the one place that looks; and the system's own programs. */
@NullMarked
package dev.telepath.client.platform;

import org.jspecify.annotations.NullMarked;
