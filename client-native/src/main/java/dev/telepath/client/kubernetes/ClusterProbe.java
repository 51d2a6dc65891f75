package dev.telepath.client.kubernetes;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authorization.v1.ResourceAttributes;
import io.fabric8.kubernetes.api.model.authorization.v1.ResourceAttributesBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Looks at each step of the way to a manager in Kubernetes by itself, for whoever wants to know which one fails. Blocks,
 * each call for as long as a request to the API server may take.
 */
public final class ClusterProbe implements AutoCloseable {
    private final Cluster cluster;
    private final String namespace;
    private final ServiceAccountName account;

    private ClusterProbe(Cluster cluster, String namespace, ServiceAccountName account) {
        this.cluster = cluster;
        this.namespace = namespace;
        this.account = account;
    }

    /**
     * Reads the kubeconfig.
     *
     * @param managerNamespace empty = as the settings say
     * @throws Failure of kind USAGE without a kubeconfig, DENIED when its way to log in gives nothing
     */
    public static ClusterProbe open(KubeOptions options, Settings settings, String managerNamespace) {
        Kubeconfig kubeconfig = Kubeconfig.read(options, settings.duration(Setting.KUBERNETES_LOGIN_TIMEOUT));
        String namespace = managerNamespace.isEmpty()
                ? settings.under(ClusterSettings.of(kubeconfig.extension()).values(), Map.of())
                        .text(Setting.MANAGER_NAMESPACE)
                : managerNamespace;
        return new ClusterProbe(
                new Cluster(kubeconfig, namespace),
                namespace,
                ServiceAccountName.of(settings.text(Setting.KUBERNETES_SERVICE_ACCOUNT), namespace));
    }

    /** The context, the server and the namespace of the manager, as a user knows them. */
    public String describe() {
        return "context " + cluster.kubeconfig().context() + ", server "
                + cluster.kubeconfig().config().getMasterUrl() + ", manager in namespace " + namespace;
    }

    /**
     * Version of the API server.
     *
     * @throws Failure when it does not answer, or not to these credentials
     */
    public String server() {
        return cluster.version();
    }

    /**
     * The rights that attaching needs and the user has not, e.g. {@code create pods/portforward}; empty = none is missing.
     *
     * @throws Failure when the API server does not say
     */
    public List<String> missingRights() {
        List<String> missing = new ArrayList<>();
        for (ResourceAttributes right : List.of(
                right("get", "configmaps", "", Cluster.NAME),
                right(account.namespace(), "create", "serviceaccounts", "token", account.name()),
                right("list", "pods", "", ""),
                right("get", "pods", "portforward", ""),
                right("create", "pods", "portforward", ""))) {
            if (!cluster.allowed(right)) {
                missing.add(right.getVerb() + " " + right.getResource()
                        + (right.getSubresource().isEmpty() ? "" : "/" + right.getSubresource())
                        + (right.getName().isEmpty() ? "" : " of " + right.getName()));
            }
        }
        return missing;
    }

    /** What to do about rights that are missing. */
    public String roleHint() {
        return "ask for the role telepath-client in namespace " + namespace;
    }

    private ResourceAttributes right(String verb, String resource, String subresource, String name) {
        return right(namespace, verb, resource, subresource, name);
    }

    private static ResourceAttributes right(
            String namespace, String verb, String resource, String subresource, String name) {
        return new ResourceAttributesBuilder()
                .withNamespace(namespace)
                .withVerb(verb)
                .withGroup("")
                .withResource(resource)
                .withSubresource(subresource)
                .withName(name)
                .build();
    }

    /**
     * Finds the manager.
     *
     * @return what was found, e.g. "2 of 2 pods ready"
     * @throws Failure when nothing is installed there or no pod is ready, with what each says of itself
     */
    public String manager() {
        cluster.pin(cluster.published());
        List<Pod> pods = cluster.managers();
        long ready = pods.stream().filter(Cluster::isReady).count();
        if (ready > 0) {
            return ready + " of " + pods.size() + (pods.size() == 1 ? " pod" : " pods") + " ready";
        }
        List<String> why = pods.stream().map(ClusterProbe::state).toList();
        throw new Failure(
                Kind.UNREACHABLE,
                "no pod of the manager is ready: " + (why.isEmpty() ? "there is none" : String.join("; ", why)),
                "kubectl -n " + namespace + " describe pods -l app.kubernetes.io/component=manager");
    }

    private static String state(Pod pod) {
        String name = pod.getMetadata().getName();
        if (pod.getStatus() == null) {
            return name + " has no state yet";
        }
        for (ContainerStatus each : pod.getStatus().getContainerStatuses()) {
            var state = each.getState();
            if (state != null && state.getWaiting() != null) {
                return name + " waits: " + state.getWaiting().getReason();
            }
            if (state != null && state.getTerminated() != null) {
                return name + " ended: " + state.getTerminated().getReason();
            }
        }
        return name + " is " + pod.getStatus().getPhase() + ", not ready";
    }

    @Override
    public void close() {
        cluster.close();
    }
}
