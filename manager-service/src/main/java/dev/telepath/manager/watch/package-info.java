/**
 * Streams that tell a subscriber the newest state, and bounded queues towards one subscriber.
 */
@NullMarked
package dev.telepath.manager.watch;

import org.jspecify.annotations.NullMarked;
