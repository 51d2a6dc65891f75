/**
 * What an installation in Kubernetes is made of: the chart's values, given as helm takes them, and the objects that the
 * chart would make of them. Pure; {@code client.kubernetes.install} brings it to a cluster.
 */
@NullMarked
package dev.telepath.client.install;

import org.jspecify.annotations.NullMarked;
