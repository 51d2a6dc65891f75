/**
 * Workloads of a cluster: seen through informers, shown to clients, given agents. Active only with {@code --kubernetes}.
 */
@NullMarked
package dev.telepath.manager.kubernetes;

import org.jspecify.annotations.NullMarked;
