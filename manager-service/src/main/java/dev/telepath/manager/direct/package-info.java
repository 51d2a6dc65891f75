/** What the manager does for connections between clients and agents past it: it makes their acquaintance. */
@NullMarked
package dev.telepath.manager.direct;

import org.jspecify.annotations.NullMarked;
