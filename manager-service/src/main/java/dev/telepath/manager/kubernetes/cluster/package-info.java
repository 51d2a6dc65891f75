/**
 * What the cluster holds, as informers tell it: nothing is polled.
 */
@NullMarked
package dev.telepath.manager.kubernetes.cluster;

import org.jspecify.annotations.NullMarked;
