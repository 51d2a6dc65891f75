/** Connections whose requests go to different destinations by the filters of engagements. */
@NullMarked
package dev.telepath.agent.split;

import org.jspecify.annotations.NullMarked;
