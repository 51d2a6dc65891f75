package dev.telepath.manager.workload;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import java.util.List;
import java.util.Optional;

/** Where workloads come from: the agents that have arrived (standalone), or a cluster. Thread-safe, does not block. */
public interface WorkloadProvider {
    /** The workloads of a namespace that the caller may see, sorted by name. */
    List<Workload> list(Principal caller, String namespace);

    /** One workload; empty when there is none or the caller may not see it. */
    Optional<Workload> find(Principal caller, WorkloadKey key);

    /** The kinds that {@link #list} may return. */
    List<WorkloadInfo.Kind> kinds();

    /** Fires when a list may have changed. */
    List<Changes> changes();
}
