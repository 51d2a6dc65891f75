/** Finds the networks of Services and pods. */
@NullMarked
package dev.telepath.manager.kubernetes.network;

import org.jspecify.annotations.NullMarked;
