/**
 * The way out of a device: what becomes of the connections, datagrams and DNS questions that programs send into it. In the
 * daemon it leads to the cluster; a process in a network namespace of its own reaches it over a socket.
 */
@NullMarked
package dev.telepath.client.gateway;

import org.jspecify.annotations.NullMarked;
