/**
 * A laptop in the cluster's network under the faults of its own network and of tp's processes, in network namespaces. Those whose
 * name ends with IT are short; the others are for {@code integration-tests/network/run}.
 */
@NullMarked
package dev.telepath.it.network;

import org.jspecify.annotations.NullMarked;
