package dev.telepath.client.kubernetes;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.fabric8.kubernetes.client.KubernetesClientException;
import org.jspecify.annotations.Nullable;

/** What a request to the API server failed with, as a failure for the user. Pure. */
final class KubeFailures {
    private static final int MOST_DEPTH = 32;

    private KubeFailures() {}

    /**
     * @param doing what was attempted, e.g. "read the ConfigMap telepath-manager"
     * @param right the verb and resource that it needs, e.g. "get configmaps"
     */
    static Failure of(KubernetesClientException failure, String doing, String right, String namespace) {
        String said = failure.getStatus() != null && failure.getStatus().getMessage() != null
                ? failure.getStatus().getMessage()
                : deepest(failure);
        return switch (failure.getCode()) {
            case 401 ->
                new Failure(
                        Kind.DENIED,
                        "cannot " + doing + ": the API server does not accept the kubeconfig's credentials: " + said,
                        "log in to the cluster again; does kubectl get pods work?");
            case 403 -> denied("cannot " + doing + ": " + said, right, namespace);
            case 404 ->
                new Failure(
                        Kind.UNREACHABLE,
                        "cannot " + doing + ": there is no Telepath manager in namespace " + namespace + ": " + said,
                        "is it installed there? --manager-namespace names another one");
            case 0 ->
                new Failure(
                        Kind.UNREACHABLE,
                        "cannot " + doing + ": the API server does not answer: " + said,
                        "check the network, and the server of the kubeconfig's cluster",
                        failure.getCause());
            default ->
                new Failure(Kind.UNREACHABLE, "cannot " + doing + ": " + said, "does kubectl get pods work?", null);
        };
    }

    /** A verb is missing. */
    static Failure denied(String message, String right, String namespace) {
        return new Failure(
                Kind.DENIED,
                message,
                "ask for the role telepath-client: it needs the right to " + right + " in namespace " + namespace);
    }

    /** The refusal of the port-forward that a call failed with; null = it failed with something else. */
    static @Nullable PortForwardRefused refusal(@Nullable Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < MOST_DEPTH; depth++, at = at.getCause()) {
            if (at instanceof PortForwardRefused refused) {
                return refused;
            }
        }
        return null;
    }

    static String deepest(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at.getCause() != null && depth < MOST_DEPTH; depth++) {
            at = at.getCause();
        }
        return String.valueOf(at.getMessage()).lines().findFirst().orElse("");
    }
}
