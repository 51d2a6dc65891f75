/** Records. */
@NullMarked
package dev.telepath.manager.dns;

import org.jspecify.annotations.NullMarked;
