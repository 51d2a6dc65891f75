/** Which HTTP requests an engagement is for: filters, what they match, and whether two of them can match the same. */
@NullMarked
package dev.telepath.tunnel.filter;

import org.jspecify.annotations.NullMarked;
