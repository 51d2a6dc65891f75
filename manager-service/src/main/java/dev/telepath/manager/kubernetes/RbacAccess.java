package dev.telepath.manager.kubernetes;

import dev.telepath.manager.security.AccessReviews;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Principal.Account;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.WorkloadAccess;
import io.grpc.Status;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A workload may be engaged by those who may patch it, for that is what an agent takes, and by those who were given the
 * verb {@code engage} on it, which means nothing to anybody else. A workload that is not in the cluster counts as a
 * Deployment. Callers of whom the API server knows nothing, by a join token or on the clear-text port, are let through.
 */
final class RbacAccess implements WorkloadAccess {
    static final String ENGAGE = "engage";
    private static final String PATCH = "patch";

    private final Function<WorkloadKey, Optional<String>> kinds;
    private final BiFunction<Account, AccessReviews.Right, CompletionStage<Boolean>> reviews;

    /**
     * @param kinds of the workloads in the cluster, as Kubernetes writes them
     * @param reviews whether an account has a right
     */
    RbacAccess(
            Function<WorkloadKey, Optional<String>> kinds,
            BiFunction<Account, AccessReviews.Right, CompletionStage<Boolean>> reviews) {
        this.kinds = kinds;
        this.reviews = reviews;
    }

    @Override
    public CompletionStage<Void> check(Principal caller, WorkloadKey workload) {
        Optional<Account> account = caller.account();
        if (account.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        String kind = kinds.apply(workload).orElse("Deployment");
        Account who = account.get();
        return reviews.apply(who, right(ENGAGE, kind, workload))
                .thenCompose(engages -> engages
                        ? CompletableFuture.completedFuture(true)
                        : reviews.apply(who, right(PATCH, kind, workload)))
                .thenAccept(allowed -> {
                    if (!allowed) {
                        throw denied(who, kind, workload);
                    }
                });
    }

    private static AccessReviews.Right right(String verb, String kind, WorkloadKey workload) {
        return new AccessReviews.Right(
                verb,
                kind.equals("Rollout") ? "argoproj.io" : "apps",
                kind.toLowerCase(Locale.ROOT) + "s",
                workload.namespace(),
                workload.name());
    }

    private static RuntimeException denied(Account who, String kind, WorkloadKey workload) {
        return Status.PERMISSION_DENIED
                .withDescription(who.user() + " may not engage " + kind + " " + workload.name() + " in namespace "
                        + workload.namespace() + ": it needs the right to " + right(ENGAGE, kind, workload) + " or to "
                        + PATCH
                        + " it there; ask for ClusterRole telepath-engage-* in that namespace, or come with another"
                        + " account (kubernetes.service-account)")
                .asRuntimeException();
    }
}
