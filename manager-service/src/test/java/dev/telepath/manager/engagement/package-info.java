/** Dispositions, conflicts, ports. */
@NullMarked
package dev.telepath.manager.engagement;

import org.jspecify.annotations.NullMarked;
