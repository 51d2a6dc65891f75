/** Calls of the Linux kernel that the platform has no classes for. They block, for microseconds. */
@NullMarked
package dev.telepath.tunnel.linux;

import org.jspecify.annotations.NullMarked;
