/** How much memory executables keep: much at work, little while there is little to do. */
@NullMarked
package dev.telepath.tunnel.memory;

import org.jspecify.annotations.NullMarked;
