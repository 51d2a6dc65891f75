/** Streams towards clients, and the copies of wiretaps. */
@NullMarked
package dev.telepath.agent.divert;

import org.jspecify.annotations.NullMarked;
