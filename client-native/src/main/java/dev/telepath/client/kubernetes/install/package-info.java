/**
 * Brings an installation to a cluster, looks after it until it works, says why it does not, and takes it away again. Speaks to
 * the API server in trees, not in the models of its client. Blocks; one thread for each command.
 */
@NullMarked
package dev.telepath.client.kubernetes.install;

import org.jspecify.annotations.NullMarked;
