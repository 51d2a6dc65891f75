/**
 * Streams and datagram flows that local programs open towards the cluster: SOCKS5 and HTTP proxy with its PAC file, names
 * resolved on the far side.
 */
@NullMarked
package dev.telepath.client.proxy;

import org.jspecify.annotations.NullMarked;
