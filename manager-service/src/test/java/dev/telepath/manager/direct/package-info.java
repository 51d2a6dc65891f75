/** Tests. */
@NullMarked
package dev.telepath.manager.direct;

import org.jspecify.annotations.NullMarked;
