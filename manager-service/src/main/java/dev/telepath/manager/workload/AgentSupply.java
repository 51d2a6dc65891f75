package dev.telepath.manager.workload;

import dev.telepath.manager.session.WorkloadKey;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Brings agents to workloads and takes them away, where the manager can. Thread-safe, does not block; what it returns may
 * complete on any thread.
 */
public interface AgentSupply {
    /** Where agents are started by hand: there is nothing to bring. */
    AgentSupply NONE = new AgentSupply() {
        @Override
        public CompletionStage<Void> bring(WorkloadKey workload) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Boolean> remove(String namespace, List<String> names) {
            return CompletableFuture.completedFuture(false);
        }
    };

    /**
     * Completes once the workload has an agent that has said what it guards, at once where it has one or where there is no
     * such workload.
     *
     * @return fails with a {@link io.grpc.StatusRuntimeException} that tells the user why no agent came
     */
    CompletionStage<Void> bring(WorkloadKey workload);

    /**
     * Takes away agents that were brought.
     *
     * @param names workloads; empty for all of the namespace
     * @return false where agents are not the manager's to remove
     */
    CompletionStage<Boolean> remove(String namespace, List<String> names);
}
