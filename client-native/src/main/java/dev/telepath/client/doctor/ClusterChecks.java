package dev.telepath.client.doctor;

import dev.telepath.client.kubernetes.ClusterProbe;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The way to a manager in Kubernetes, step by step and without the daemon's help. */
final class ClusterChecks implements AutoCloseable {
    private static final String KUBECONFIG = "TP-211";
    private static final String SERVER = "TP-212";
    private static final String RIGHTS = "TP-213";
    private static final String MANAGER = "TP-214";

    private final Evidence evidence;
    private @Nullable ClusterProbe probe;

    ClusterChecks(Evidence evidence) {
        this.evidence = evidence;
    }

    List<Check> all() {
        return List.of(
                Check.of(KUBECONFIG, "the kubeconfig", this::kubeconfig, ManagerChecks.NAMED),
                Check.of(SERVER, "the API server answers", this::server, KUBECONFIG),
                Check.of(RIGHTS, "the user may reach the manager", this::rights, SERVER),
                Check.of(MANAGER, "a manager is ready", this::manager, SERVER),
                Check.of("TP-215", ManagerChecks.GREETED, () -> ManagerChecks.greeted(evidence), RIGHTS, MANAGER));
    }

    private Outcome kubeconfig() {
        if (!evidence.inCluster()) {
            return new Outcome.Skipped("the manager is reached at an address");
        }
        ClusterProbe opened =
                ClusterProbe.open(evidence.kube().required(), evidence.settings(), evidence.managerNamespace());
        probe = opened;
        return new Outcome.Passed(opened.describe());
    }

    /** Only asked after {@link #kubeconfig} has passed. */
    private ClusterProbe probe() {
        return Objects.requireNonNull(probe);
    }

    private Outcome server() {
        long began = System.nanoTime();
        return new Outcome.Passed(probe().server() + ", in " + ManagerChecks.millisSince(began) + " ms");
    }

    private Outcome rights() {
        List<String> missing = probe().missingRights();
        return missing.isEmpty()
                ? new Outcome.Passed("all that the role telepath-client gives")
                : new Outcome.Failed("missing: " + String.join(", ", missing), probe().roleHint());
    }

    private Outcome manager() {
        return new Outcome.Passed(probe().manager());
    }

    @Override
    public void close() {
        if (probe != null) {
            probe.close();
        }
    }
}
