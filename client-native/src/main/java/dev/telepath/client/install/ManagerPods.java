package dev.telepath.client.install;

import static dev.telepath.client.install.Tree.list;
import static dev.telepath.client.install.Tree.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The StatefulSet of the manager. */
final class ManagerPods {
    private final Values values;
    private final Labels labels;
    private final String version;
    private final String namespace;
    private final boolean ownCertificate;
    private final boolean legacy;

    ManagerPods(Values values, Labels labels, String version, String namespace) {
        this.values = values;
        this.labels = labels;
        this.version = version;
        this.namespace = namespace;
        this.ownCertificate = values.text("certificates.method").equals("own");
        this.legacy = values.flag("legacy.enabled");
    }

    ObjectNode statefulSet() {
        return map(
                "apiVersion",
                ObjectKind.STATEFUL_SET.apiVersion(),
                "kind",
                ObjectKind.STATEFUL_SET.kind(),
                "metadata",
                labels.metadata(Manifests.MANAGER, namespace),
                "spec",
                map(
                        "replicas",
                        values.at("replicaCount"),
                        "serviceName",
                        "telepath-manager-headless",
                        "podManagementPolicy",
                        "Parallel",
                        "selector",
                        map("matchLabels", Labels.selector()),
                        "template",
                        map("metadata", podMetadata(), "spec", pod())));
    }

    private ObjectNode podMetadata() {
        return map(
                "labels",
                labels.all(values.at("podLabels")),
                "annotations",
                Tree.joined(
                        // A manager reads the clients' settings at its start.
                        map("checksum/client", sha256(Yaml.sorted(values.at("client")))),
                        values.at("commonAnnotations"),
                        values.at("podAnnotations")));
    }

    private static String sha256(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is part of every Java runtime", e);
        }
    }

    private ObjectNode pod() {
        boolean hostNetwork = values.flag("hostNetwork");
        return map(
                "serviceAccountName",
                Manifests.MANAGER,
                "automountServiceAccountToken",
                true,
                // A Service of this name would set TELEPATH_MANAGER_PORT, which is a setting.
                "enableServiceLinks",
                false,
                "terminationGracePeriodSeconds",
                values.at("terminationGracePeriodSeconds"),
                "hostNetwork",
                hostNetwork ? true : null,
                "dnsPolicy",
                hostNetwork ? "ClusterFirstWithHostNet" : null,
                "securityContext",
                values.at("podSecurityContext"),
                "imagePullSecrets",
                Tree.ifSet(values.at("image.imagePullSecrets")),
                "containers",
                list(container()),
                "volumes",
                volumes(),
                "nodeSelector",
                Tree.ifSet(values.at("nodeSelector")),
                "tolerations",
                Tree.ifSet(values.at("tolerations")),
                "affinity",
                Tree.ifSet(values.at("affinity")),
                "topologySpreadConstraints",
                Tree.firstSet(
                        values.at("topologySpreadConstraints"),
                        list(map(
                                "maxSkew",
                                1,
                                "topologyKey",
                                "kubernetes.io/hostname",
                                "whenUnsatisfiable",
                                "ScheduleAnyway",
                                "labelSelector",
                                map("matchLabels", Labels.selector())))),
                "priorityClassName",
                Tree.ifSet(values.at("priorityClassName")),
                "schedulerName",
                Tree.ifSet(values.at("schedulerName")));
    }

    private ObjectNode container() {
        ArrayNode ports = list(map("name", "api", "containerPort", values.at("apiPort")));
        if (legacy) {
            ports.add(map("name", "legacy", "containerPort", values.at("legacy.port")));
        }
        ArrayNode mounts = list(
                map("name", "data", "mountPath", "/var/lib/telepath"),
                map("name", "tmp", "mountPath", "/tmp"),
                map("name", "client", "mountPath", "/etc/telepath/client", "readOnly", true));
        if (!ownCertificate) {
            mounts.add(map("name", "certificate", "mountPath", "/etc/telepath/certificate", "readOnly", true));
        }
        return map(
                "name",
                "manager",
                "image",
                image("image", List.of("image.registry"), List.of("image.tag")),
                "imagePullPolicy",
                values.text("image.pullPolicy"),
                "args",
                list("serve", "--kubernetes", "--data-dir", "/var/lib/telepath/manager"),
                "env",
                environment(),
                "ports",
                ports,
                "startupProbe",
                probe("/q/health/live", "startupProbe"),
                "readinessProbe",
                probe("/q/health/ready", "readinessProbe"),
                "livenessProbe",
                probe("/q/health/live", "livenessProbe"),
                // A manager that cannot start says why in its last lines.
                "terminationMessagePolicy",
                "FallbackToLogsOnError",
                "resources",
                values.at("resources"),
                "securityContext",
                values.at("securityContext"),
                "volumeMounts",
                mounts);
    }

    private ObjectNode probe(String path, String how) {
        return Tree.joined(map("httpGet", map("path", path, "port", "api", "scheme", "HTTPS")), values.at(how));
    }

    private ArrayNode volumes() {
        ArrayNode volumes = list(
                // Keys of this pod: in memory alone.
                map("name", "data", "emptyDir", map("medium", "Memory", "sizeLimit", "1Mi")),
                map("name", "tmp", "emptyDir", map("sizeLimit", "64Mi")),
                map("name", "client", "configMap", map("name", Manifests.MANAGER)));
        if (!ownCertificate) {
            volumes.add(
                    map("name", "certificate", "secret", map("secretName", values.text("certificates.secretName"))));
        }
        return volumes;
    }

    /** Registry and tag are the first that are given. */
    private String image(String of, List<String> registries, List<String> tags) {
        String registry = first(registries, "");
        if (registry.endsWith("/")) {
            registry = registry.substring(0, registry.length() - 1);
        }
        String name = values.text(of + ".name") + ":" + first(tags, version);
        return registry.isEmpty() ? name : registry + "/" + name;
    }

    private String first(List<String> names, String otherwise) {
        return names.stream()
                .map(values::text)
                .filter(text -> !text.isEmpty())
                .findFirst()
                .orElse(otherwise);
    }

    private ArrayNode environment() {
        ArrayNode all = list();
        String domain = values.text("clusterDomain");
        variable(all, "PORT", values.text("apiPort"));
        variable(
                all,
                "CLUSTER_DOMAIN",
                (domain.endsWith(".") ? domain.substring(0, domain.length() - 1) : domain) + ".");
        ofPod(all, "KUBERNETES_NAMESPACE", "metadata.namespace");
        ofPod(all, "KUBERNETES_POD_IP", "status.podIP");
        networks(all, "KUBERNETES_SERVICE_CIDRS", "serviceCIDRs");
        variable(all, "KUBERNETES_POD_CIDR_STRATEGY", values.text("podCIDRStrategy"));
        networks(all, "KUBERNETES_POD_CIDRS", "podCIDRs");
        variable(all, "KUBERNETES_KEYS_SECRET", "telepath-manager-keys");
        variable(all, "KUBERNETES_CLIENT_CONFIG_MAP", Manifests.MANAGER);
        variable(all, "CLIENT_CONFIG", "/etc/telepath/client/client.yaml");
        if (!ownCertificate) {
            variable(all, "CERTIFICATE_DIR", "/etc/telepath/certificate");
        }
        if (!values.namespaces().isEmpty()) {
            variable(all, "KUBERNETES_NAMESPACES", String.join(",", values.namespaces()));
        }
        if (Tree.isSet(values.at("namespaceSelector"))) {
            variable(all, "KUBERNETES_NAMESPACE_SELECTOR", selectorText(values.at("namespaceSelector")));
        }
        if (values.flag("agentInjector.enabled")) {
            agents(all);
        }
        variable(all, "ENGAGEMENTS_INACTIVE_BLOCK", values.text("intercept.inactiveBlockTimeout"));
        variable(all, "METRICS_CLIENTS", values.text("prometheus.clientLabel"));
        if (legacy) {
            variable(all, "LEGACY_PORT", values.text("legacy.port"));
        }
        all.add(map(
                "name",
                "QUARKUS_LOG_CATEGORY__DEV_TELEPATH__LEVEL",
                "value",
                values.text("logLevel").toUpperCase(Locale.ROOT)));
        new TreeMap<>(Tree.entries(values.at("settings")))
                .forEach((key, value) -> variable(
                        all,
                        key.replaceAll("[.-]", "_").toUpperCase(Locale.ROOT),
                        value.isNumber() ? String.valueOf(value.asLong()) : value.asText()));
        values.at("extraEnv").forEach(each -> all.add(each.deepCopy()));
        return all;
    }

    private static void ofPod(ArrayNode all, String name, String field) {
        all.add(map("name", "TELEPATH_MANAGER_" + name, "valueFrom", map("fieldRef", map("fieldPath", field))));
    }

    private void networks(ArrayNode all, String name, String value) {
        if (Tree.isSet(values.at(value))) {
            variable(
                    all,
                    name,
                    String.join(
                            ",",
                            values.at(value).valueStream().map(JsonNode::asText).toList()));
        }
    }

    private void agents(ArrayNode all) {
        variable(all, "KUBERNETES_WEBHOOK", Manifests.clusterName(namespace));
        variable(
                all,
                "AGENTS_IMAGE",
                image(
                        "agent.image",
                        List.of("agent.image.registry", "image.registry"),
                        List.of("agent.image.tag", "image.tag")));
        variable(all, "AGENTS_IMAGE_PULL_POLICY", first(List.of("agent.image.pullPolicy", "image.pullPolicy"), ""));
        variable(all, "AGENTS_FIRST_PORT", values.text("agent.port"));
        variable(all, "AGENTS_USER", values.text("agent.user"));
        variable(all, "AGENTS_REDIRECT", values.text("agent.redirect"));
        variable(all, "AGENTS_START_CHECK", values.text("agent.startCheck"));
        if (Tree.isSet(values.at("agent.mountPolicies"))) {
            // Sorted, as helm writes it.
            ObjectNode policies = JsonNodeFactory.instance.objectNode();
            new TreeMap<>(Tree.entries(values.at("agent.mountPolicies"))).forEach(policies::set);
            variable(all, "AGENTS_MOUNT_POLICIES", policies.toString());
        }
        if (values.flag("agent.api")) {
            variable(all, "AGENTS_API", "true");
        }
        variable(all, "AGENTS_ARRIVAL", values.text("timeouts.agentArrival"));
        variable(all, "AGENTS_IDLE", values.text("agent.maxIdleTime"));
        for (String what : List.of("cpu", "memory")) {
            resource(all, what, "REQUEST", values.at("agent.resources.requests." + what));
            resource(all, what, "LIMIT", values.at("agent.resources.limits." + what));
        }
    }

    private static void resource(ArrayNode all, String what, String kind, JsonNode amount) {
        if (Tree.isSet(amount)) {
            variable(all, "AGENTS_" + what.toUpperCase(Locale.ROOT) + "_" + kind, amount.asText());
        }
    }

    private static void variable(ArrayNode all, String name, @Nullable String value) {
        all.add(map("name", "TELEPATH_MANAGER_" + name, "value", value));
    }

    /** A label selector as kubectl and the manager's setting have it. */
    static String selectorText(JsonNode selector) {
        List<String> parts = new ArrayList<>();
        new TreeMap<>(Tree.entries(selector.path("matchLabels")))
                .forEach((key, value) -> parts.add(key + "=" + value.asText()));
        selector.path("matchExpressions").forEach(each -> {
            String key = each.path("key").asText();
            String operands = String.join(
                    ",", each.path("values").valueStream().map(JsonNode::asText).toList());
            parts.add(
                    switch (each.path("operator").asText()) {
                        case "In" -> key + " in (" + operands + ")";
                        case "NotIn" -> key + " notin (" + operands + ")";
                        case "Exists" -> key;
                        default -> "!" + key;
                    });
        });
        return String.join(",", parts);
    }
}
