package dev.telepath.client.kubernetes;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.transport.JoinToken;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.ResourceAttributes;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;

/** The few questions that a client has for the API server about its manager. Blocks; for one attachment. */
final class Cluster implements AutoCloseable {
    static final String NAME = "telepath-manager";
    static final String AUDIENCE = "telepath";
    /** Containers with an agent: ours, and Telepresence's. */
    private static final Set<String> AGENTS = Set.of("telepath-agent", "traffic-agent");

    private static final int DEFAULT_PORT = 8443;
    private static final Map<String, String> MANAGERS =
            Map.of("app.kubernetes.io/name", "telepath", "app.kubernetes.io/component", "manager");

    /** A token of the client's service account. */
    record Token(String bearer, Instant expires) {
        @Override
        public String toString() {
            return "Token[expires=" + expires + "]";
        }
    }

    private final ApiServer api;
    private final String namespace;
    private final KubernetesClient client;

    /**
     * @param namespace of the manager
     */
    Cluster(Kubeconfig kubeconfig, String namespace) {
        this.api = new ApiServer(kubeconfig);
        this.namespace = namespace;
        this.client = api.client();
    }

    Kubeconfig kubeconfig() {
        return api.kubeconfig();
    }

    KeyManager[] keys() {
        return api.keys();
    }

    TrustManager[] trust() {
        return api.trust();
    }

    /**
     * The manager's public part.
     *
     * @throws Failure why it cannot be read
     */
    ConfigMap published() {
        ConfigMap found = asked(
                () -> client.configMaps().inNamespace(namespace).withName(NAME).get(),
                "read the ConfigMap " + NAME,
                "get configmaps");
        if (found == null) {
            throw new Failure(
                    Kind.UNREACHABLE,
                    "there is no Telepath manager in namespace " + namespace + " of " + api.context()
                            + ": it has no ConfigMap " + NAME,
                    "is it installed there? --manager-namespace names another one");
        }
        return found;
    }

    /** Fingerprint of the CA that the manager's certificate has to be of. */
    String pin(ConfigMap published) {
        String pem = published.getData() == null ? "" : published.getData().getOrDefault("ca.crt", "");
        try {
            return JoinToken.fingerprint((X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))));
        } catch (CertificateException e) {
            throw new Failure(
                    Kind.UNREACHABLE,
                    "the ConfigMap " + NAME + " in namespace " + namespace + " has no certificate under ca.crt",
                    "install the manager again",
                    e);
        }
    }

    /** A new token of that account. */
    Token token(ServiceAccountName account, Duration life) {
        TokenRequest request = new TokenRequestBuilder()
                .withNewSpec()
                .withAudiences(AUDIENCE)
                .withExpirationSeconds(life.toSeconds())
                .endSpec()
                .build();
        TokenRequest answer = asked(
                () -> client.serviceAccounts()
                        .inNamespace(account.namespace())
                        .withName(account.name())
                        .tokenRequest(request),
                "get a token of the service account " + account.name(),
                account.namespace(),
                "create serviceaccounts/token of " + account.name());
        try {
            return new Token(
                    answer.getStatus().getToken(),
                    Instant.parse(answer.getStatus().getExpirationTimestamp()));
        } catch (DateTimeParseException e) {
            throw new Failure(Kind.UNREACHABLE, "the API server's token has no end", "see tp gather-logs", e);
        }
    }

    /**
     * A pod of the manager that is ready.
     *
     * @param port that it names {@code api}, else 8443
     * @param address its own, empty where it has none
     */
    record ReadyPod(String name, int port, String address) {}

    /** All pods of the manager. */
    List<Pod> managers() {
        return asked(
                () -> client.pods()
                        .inNamespace(namespace)
                        .withLabels(MANAGERS)
                        .list()
                        .getItems(),
                "find the manager's pods",
                "list pods");
    }

    /** The pods of a namespace that have an agent. */
    List<Pod> withAgent(String workloads) {
        return asked(
                        () -> client.pods().inNamespace(workloads).list().getItems(),
                        "read the pods",
                        workloads,
                        "list pods")
                .stream()
                .filter(pod -> pod.getSpec().getContainers().stream().anyMatch(one -> AGENTS.contains(one.getName())))
                .toList();
    }

    /** Version of the API server. */
    String version() {
        return "Kubernetes "
                + asked(client::getKubernetesVersion, "ask the API server for its version", "get /version")
                        .getGitVersion();
    }

    /** Whether the user may do that, as the API server says. */
    boolean allowed(ResourceAttributes right) {
        var review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withResourceAttributes(right)
                .endSpec()
                .build();
        return asked(
                        () -> client.resource(review).create(),
                        "ask what the user may do",
                        "create selfsubjectaccessreviews")
                .getStatus()
                .getAllowed();
    }

    /** The manager's pods that are ready. */
    List<ReadyPod> ready() {
        return managers().stream()
                .filter(Cluster::isReady)
                .map(pod -> new ReadyPod(
                        pod.getMetadata().getName(),
                        port(pod),
                        Objects.requireNonNullElse(pod.getStatus().getPodIP(), "")))
                .toList();
    }

    private static int port(Pod pod) {
        return pod.getSpec().getContainers().stream()
                .flatMap(container -> container.getPorts().stream())
                .filter(port -> "api".equals(port.getName()))
                .map(ContainerPort::getContainerPort)
                .findFirst()
                .orElse(DEFAULT_PORT);
    }

    static boolean isReady(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() == null
                && pod.getStatus() != null
                && pod.getStatus().getConditions() != null
                && pod.getStatus().getConditions().stream()
                        .anyMatch(each -> "Ready".equals(each.getType()) && "True".equals(each.getStatus()));
    }

    private <T> T asked(Supplier<T> question, String doing, String right) {
        return asked(question, doing, namespace, right);
    }

    private static <T> T asked(Supplier<T> question, String doing, String namespace, String right) {
        try {
            return question.get();
        } catch (KubernetesClientException e) {
            throw KubeFailures.of(e, doing, right, namespace);
        }
    }

    @Override
    public void close() {
        api.close();
    }
}
