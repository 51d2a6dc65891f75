/** What of a cluster is looked at. */
@NullMarked
package dev.telepath.manager.kubernetes.cluster;

import org.jspecify.annotations.NullMarked;
