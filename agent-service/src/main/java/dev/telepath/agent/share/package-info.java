/** Files and logs that the workload lends. */
@NullMarked
package dev.telepath.agent.share;

import org.jspecify.annotations.NullMarked;
