package dev.telepath.manager.workload;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.WorkloadKey;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Who may engage which workload. Thread-safe, does not block; what it returns may complete on any thread. */
@FunctionalInterface
public interface WorkloadAccess {
    /** Where nobody knows of rights to workloads: every client may engage all. */
    WorkloadAccess ANYBODY = (caller, workload) -> CompletableFuture.completedFuture(null);

    /**
     * Completes when the caller may.
     *
     * @return fails with a {@link io.grpc.StatusRuntimeException}: PERMISSION_DENIED, which tells the user what is
     *     missing, or UNAVAILABLE when nobody can say
     */
    CompletionStage<Void> check(Principal caller, WorkloadKey workload);
}
