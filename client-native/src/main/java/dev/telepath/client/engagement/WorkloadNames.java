package dev.telepath.client.engagement;

import dev.telepath.client.failure.Failure;
import java.util.Set;

/** What engagements ask of the list of workloads. Thread-safe, never blocks. */
public interface WorkloadNames {
    /** False when the workload is known not to be there. */
    boolean known(String workload, String namespace);

    /** Clients that engage it; the caller's own copy. */
    Set<String> holders(String workload, String namespace);

    /**
     * The failure for a workload that does not exist, with names near to it.
     *
     * @param message what the manager said
     */
    Failure missing(String workload, String namespace, String message);
}
