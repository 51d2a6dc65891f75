/** The guarded ports: accepts connections and datagrams and joins them to the workload or to clients. */
@NullMarked
package dev.telepath.agent.front;

import org.jspecify.annotations.NullMarked;
