/**
 * The way to a manager in Kubernetes: kubeconfig, the token that the API server vouches for, and the port-forward that
 * carries the connection.
 */
@NullMarked
package dev.telepath.client.kubernetes;

import org.jspecify.annotations.NullMarked;
