/** A network device whose packets become streams. Linux; macOS is experimental. */
@NullMarked
package dev.telepath.client.tun;

import org.jspecify.annotations.NullMarked;
