/** Which guarded port is engaged by whom, and the review of new intercepts. */
@NullMarked
package dev.telepath.agent.engage;

import org.jspecify.annotations.NullMarked;
