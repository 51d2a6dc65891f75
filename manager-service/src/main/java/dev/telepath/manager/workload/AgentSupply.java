package dev.telepath.manager.workload;

import dev.telepath.manager.session.WorkloadKey;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
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
        public CompletionStage<Void> replace(WorkloadKey workload, Replacement wanted) {
            return CompletableFuture.failedFuture(besideProcess(workload));
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
     * As {@link #bring}, but a container of the workload is stopped and its agent takes its place. It comes back when no
     * engagement that replaces it is left.
     *
     * @return fails with a {@link io.grpc.StatusRuntimeException} that tells the user why not
     */
    CompletionStage<Void> replace(WorkloadKey workload, Replacement wanted);

    /** Says that a workload is not the manager's to stop. */
    static StatusRuntimeException besideProcess(WorkloadKey workload) {
        return Status.FAILED_PRECONDITION
                .withDescription("the agent of " + workload.name()
                        + " runs beside a process that it cannot stop; use tp intercept")
                .asRuntimeException();
    }

    /**
     * Takes away agents that were brought.
     *
     * @param names workloads; empty for all of the namespace
     * @return false where agents are not the manager's to remove
     */
    CompletionStage<Boolean> remove(String namespace, List<String> names);
}
