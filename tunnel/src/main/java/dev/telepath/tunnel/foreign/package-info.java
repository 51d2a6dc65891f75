/** Calls of C functions by java.lang.foreign, for the packages that know a system. */
@NullMarked
package dev.telepath.tunnel.foreign;

import org.jspecify.annotations.NullMarked;
