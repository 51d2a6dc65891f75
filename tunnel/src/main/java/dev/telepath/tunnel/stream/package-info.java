/**
 * One stream (a TCP connection or UDP flow carried by Telepath) as two ends that are joined: a {@code Tunnel} call at
 * one side, a socket or another call at the other.
 */
@NullMarked
package dev.telepath.tunnel.stream;

import org.jspecify.annotations.NullMarked;
