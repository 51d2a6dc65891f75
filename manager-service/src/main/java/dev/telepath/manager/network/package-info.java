/** Which networks belong to the cluster: what a client routes to the manager. */
@NullMarked
package dev.telepath.manager.network;

import org.jspecify.annotations.NullMarked;
