/** Kubeconfig, tokens, port-forward. */
@NullUnmarked
package dev.telepath.client.kubernetes;

import org.jspecify.annotations.NullUnmarked;
