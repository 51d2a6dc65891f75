package dev.telepath.client.install;

import java.util.Optional;

/** Kinds of objects that an installation has, in the order in which they are made; they go in the opposite one. */
public enum ObjectKind {
    NETWORK_POLICY("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true),
    POD_DISRUPTION_BUDGET("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    SERVICE_ACCOUNT("v1", "ServiceAccount", "serviceaccounts", true),
    SECRET("v1", "Secret", "secrets", true),
    CONFIG_MAP("v1", "ConfigMap", "configmaps", true),
    CLUSTER_ROLE("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false),
    CLUSTER_ROLE_BINDING("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", false),
    ROLE("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    ROLE_BINDING("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true),
    SERVICE("v1", "Service", "services", true),
    CERTIFICATE("cert-manager.io/v1", "Certificate", "certificates", true),
    STATEFUL_SET("apps/v1", "StatefulSet", "statefulsets", true),
    SERVICE_MONITOR("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", true),
    WEBHOOK("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false);

    private final String apiVersion;
    private final String kind;
    private final String plural;
    private final boolean namespaced;

    ObjectKind(String apiVersion, String kind, String plural, boolean namespaced) {
        this.apiVersion = apiVersion;
        this.kind = kind;
        this.plural = plural;
        this.namespaced = namespaced;
    }

    /** The one of that name in YAML. */
    public static Optional<ObjectKind> of(String kind) {
        for (ObjectKind each : values()) {
            if (each.kind.equals(kind)) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }

    public String apiVersion() {
        return apiVersion;
    }

    /** As in YAML, e.g. {@code ServiceAccount}. */
    public String kind() {
        return kind;
    }

    /** As in rights, e.g. {@code serviceaccounts}. */
    public String plural() {
        return plural;
    }

    /** The API group; empty for the core's. */
    public String group() {
        return apiVersion.contains("/") ? apiVersion.substring(0, apiVersion.indexOf('/')) : "";
    }

    public boolean namespaced() {
        return namespaced;
    }

    /** Whether it is of an extension that a cluster may not have. */
    public boolean extension() {
        return this == CERTIFICATE || this == SERVICE_MONITOR;
    }
}
