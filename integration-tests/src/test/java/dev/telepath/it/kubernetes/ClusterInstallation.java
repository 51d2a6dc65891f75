package dev.telepath.it.kubernetes;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The least objects that a manager in a cluster needs, in a namespace of their own; all gone after {@link #close()}. */
final class ClusterInstallation implements AutoCloseable {
    private static final Map<String, String> LABELS =
            Map.of("app.kubernetes.io/name", "telepath", "app.kubernetes.io/component", "manager");

    /** What a client may do, and nothing else. */
    static final List<PolicyRule> CLIENT = List.of(
            rule("", "configmaps", "telepath-manager", "get"),
            rule("", "serviceaccounts/token", "telepath-client", "create"),
            rule("", "pods", "", "get", "list"),
            rule("", "pods/portforward", "", "get", "create"));

    private final KubernetesClient kubernetes;
    private final String namespace;

    ClusterInstallation(KubernetesClient kubernetes, String namespace) {
        this.kubernetes = kubernetes;
        this.namespace = namespace;
    }

    private static PolicyRule rule(String group, String resource, String name, String... verbs) {
        var rule = new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resource)
                .withVerbs(verbs);
        return name.isEmpty() ? rule.build() : rule.withResourceNames(name).build();
    }

    /**
     * Installs it and waits until its pod is ready.
     *
     * @param keys directory that {@code telepath-manager init} has written
     */
    void install(String image, Path keys, String clientYaml) throws IOException {
        apply(new NamespaceBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .build());
        account("telepath-manager");
        account("telepath-client");
        apply(new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", "system:auth-delegator")
                .addNewSubject("", "ServiceAccount", "telepath-manager", namespace)
                .build());
        Map<String, String> files = new HashMap<>();
        try (Stream<Path> all = Files.list(keys)) {
            for (Path file : all.toList()) {
                files.put(file.getFileName().toString(), Base64.getEncoder().encodeToString(Files.readAllBytes(file)));
            }
        }
        apply(new SecretBuilder()
                .withNewMetadata()
                .withName("telepath-manager-keys")
                .withNamespace(namespace)
                .endMetadata()
                .withData(files)
                .build());
        apply(new ConfigMapBuilder()
                .withNewMetadata()
                .withName("telepath-manager")
                .withNamespace(namespace)
                .endMetadata()
                .withData(Map.of("ca.crt", Files.readString(keys.resolve("ca.crt")), "client.yaml", clientYaml))
                .build());
        deploy(image);
    }

    private void deploy(String image) {
        apply(new DeploymentBuilder()
                .withNewMetadata()
                .withName("telepath-manager")
                .withNamespace(namespace)
                .endMetadata()
                .withNewSpec()
                .withReplicas(1)
                .withNewSelector()
                .withMatchLabels(LABELS)
                .endSelector()
                .withNewTemplate()
                .withNewMetadata()
                .withLabels(LABELS)
                .endMetadata()
                .withNewSpec()
                .withServiceAccountName("telepath-manager")
                .withTerminationGracePeriodSeconds(2L)
                .addNewContainer()
                .withName("manager")
                .withImage(image)
                .withImagePullPolicy("IfNotPresent")
                .withArgs("serve", "--data-dir", "/keys")
                .addNewPort()
                .withName("api")
                .withContainerPort(8443)
                .endPort()
                .withNewReadinessProbe()
                .withNewHttpGet()
                .withPath("/q/health/ready")
                .withNewPort(8443)
                .withScheme("HTTPS")
                .endHttpGet()
                .withPeriodSeconds(1)
                .endReadinessProbe()
                .addNewVolumeMount()
                .withName("keys")
                .withMountPath("/keys")
                .withReadOnly(true)
                .endVolumeMount()
                .endContainer()
                .addNewVolume()
                .withName("keys")
                .withNewSecret()
                .withSecretName("telepath-manager-keys")
                .endSecret()
                .endVolume()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build());
        kubernetes
                .apps()
                .deployments()
                .inNamespace(namespace)
                .withName("telepath-manager")
                .waitUntilReady(2, TimeUnit.MINUTES);
    }

    private void account(String name) {
        apply(new ServiceAccountBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .build());
    }

    /**
     * A user with exactly these rights in the manager's namespace.
     *
     * @return a kubeconfig in that directory, which holds a token of an hour
     */
    Path user(String name, List<PolicyRule> rights, Path directory) throws IOException {
        account(name);
        apply(new RoleBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withRules(new ArrayList<>(rights))
                .build());
        apply(new RoleBindingBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "Role", name)
                .addNewSubject("", "ServiceAccount", name, namespace)
                .build());
        String token = kubernetes
                .serviceAccounts()
                .inNamespace(namespace)
                .withName(name)
                .tokenRequest(new TokenRequestBuilder()
                        .withNewSpec()
                        .withExpirationSeconds(3600L)
                        .endSpec()
                        .build())
                .getStatus()
                .getToken();
        Config config = kubernetes.getConfiguration();
        String ca = config.getCaCertData() != null
                ? config.getCaCertData()
                : Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(config.getCaCertFile())));
        return Files.writeString(
                directory.resolve(name + ".kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: it
                clusters:
                - name: it
                  cluster:
                    server: %s
                    certificate-authority-data: %s
                    extensions:
                    - name: telepresence.io
                      extension:
                        manager: {namespace: %s}
                users:
                - name: it
                  user: {token: %s}
                contexts:
                - name: it
                  context: {cluster: it, user: it, namespace: shop}
                """.formatted(config.getMasterUrl(), ca, namespace, token));
    }

    /** The address of the manager's pod. */
    String managerAddress() {
        return kubernetes.pods().inNamespace(namespace).withLabels(LABELS).list().getItems().stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .map(pod -> pod.getStatus().getPodIP())
                .findFirst()
                .orElseThrow();
    }

    /** Ends the manager's pods at once; the deployment makes others. */
    void killManager() {
        kubernetes
                .pods()
                .inNamespace(namespace)
                .withLabels(LABELS)
                .withGracePeriod(0)
                .delete();
    }

    private void apply(HasMetadata object) {
        kubernetes.resource(object).createOr(existing -> existing.update());
    }

    @Override
    public void close() {
        kubernetes.rbac().clusterRoleBindings().withName(namespace).delete();
        kubernetes.namespaces().withName(namespace).withGracePeriod(0).delete();
    }
}
