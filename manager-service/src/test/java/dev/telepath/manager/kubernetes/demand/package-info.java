/** Why no agent comes. */
@NullMarked
package dev.telepath.manager.kubernetes.demand;

import org.jspecify.annotations.NullMarked;
