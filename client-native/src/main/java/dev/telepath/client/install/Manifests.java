package dev.telepath.client.install;

import static dev.telepath.client.install.Tree.list;
import static dev.telepath.client.install.Tree.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The objects of an installation, the same that the chart's templates make of the same values: a test compares both. What
 * a template says of an object, a method here says.
 */
public final class Manifests {
    static final String MANAGER = "telepath-manager";
    static final String CLIENT = "telepath-client";
    private static final String HEADLESS = "telepath-manager-headless";

    private final Values values;
    private final String namespace;
    private final Labels labels;
    private final List<ObjectNode> objects = new ArrayList<>();

    private Manifests(Values values, String version, String namespace) {
        this.values = values;
        this.namespace = namespace;
        this.labels = new Labels(values, version);
        services();
        accounts();
        keys();
        if (values.at("certificates.method").asText().equals("certmanager")) {
            certificate();
        }
        objects.addAll(new Rights(values, labels, namespace).objects());
        objects.add(new ManagerPods(values, labels, version, namespace).statefulSet());
        if (values.flag("agentInjector.enabled")) {
            webhook();
        }
        if (values.flag("podDisruptionBudget.enabled")) {
            disruptionBudget();
        }
        if (values.flag("networkPolicy.enabled")) {
            networkPolicy();
        }
        if (values.flag("prometheus.serviceMonitor.enabled")) {
            serviceMonitor();
        }
        objects.sort(Comparator.comparing(
                object -> ObjectKey.of(object).orElseThrow().kind()));
    }

    /**
     * All objects, in the order in which they are to be made.
     *
     * @param version of the programs, where the values name none
     * @param namespace of the manager
     */
    public static List<ObjectNode> of(Values values, String version, String namespace) {
        return List.copyOf(new Manifests(values, version, namespace).objects);
    }

    /** Name of what belongs to the cluster: there may be an installation in another namespace. */
    public static String clusterName(String namespace) {
        return MANAGER + "-" + namespace;
    }

    /** Name of the role of those who may engage workloads, which belongs to the cluster too. */
    public static String engageName(String namespace) {
        return "telepath-engage-" + namespace;
    }

    private void add(
            ObjectKind kind, ObjectNode metadata, @Nullable String part, @Nullable JsonNode content, Object... more) {
        ObjectNode object = map("apiVersion", kind.apiVersion(), "kind", kind.kind(), "metadata", metadata);
        if (part != null) {
            object.set(part, content);
        }
        object.setAll(map(more));
        objects.add(object);
    }

    private ArrayNode port(Object number, String target, @Nullable String protocol) {
        return list(map("name", "api", "port", number, "targetPort", target, "appProtocol", protocol));
    }

    private void services() {
        add(
                ObjectKind.SERVICE,
                labels.metadata(
                        MANAGER, namespace, map("telepath.dev/metrics", "true"), values.at("service.annotations")),
                "spec",
                map(
                        "type",
                        values.text("service.type"),
                        "selector",
                        Labels.selector(),
                        "ports",
                        port(values.at("apiPort"), "api", "https")));
        add(
                ObjectKind.SERVICE,
                labels.metadata(HEADLESS, namespace),
                "spec",
                map(
                        "clusterIP",
                        "None",
                        "publishNotReadyAddresses",
                        true,
                        "selector",
                        Labels.selector(),
                        "ports",
                        port(values.at("apiPort"), "api", "https")));
        if (values.flag("legacy.enabled")) {
            add(
                    ObjectKind.SERVICE,
                    labels.metadata(values.text("legacy.serviceName"), namespace),
                    "spec",
                    map("selector", Labels.selector(), "ports", port(values.at("legacy.port"), "legacy", null)));
        }
    }

    private void accounts() {
        add(
                ObjectKind.SERVICE_ACCOUNT,
                labels.metadata(MANAGER, namespace, map(), values.at("serviceAccount.annotations")),
                null,
                null,
                "automountServiceAccountToken",
                false);
        add(
                ObjectKind.SERVICE_ACCOUNT,
                labels.metadata(CLIENT, namespace),
                null,
                null,
                "automountServiceAccountToken",
                false);
    }

    /** What the manager fills: no data here, so that an upgrade leaves it as it is. */
    private void keys() {
        add(ObjectKind.SECRET, labels.metadata("telepath-manager-keys", namespace), null, null, "type", "Opaque");
        add(
                ObjectKind.CONFIG_MAP,
                labels.metadata(MANAGER, namespace),
                "data",
                map("client.yaml", Yaml.sorted(values.at("client")) + "\n"));
        add(ObjectKind.CONFIG_MAP, labels.metadata("telepath-agents", namespace), null, null);
    }

    private void certificate() {
        String service = MANAGER + "." + namespace;
        add(
                ObjectKind.CERTIFICATE,
                labels.metadata(MANAGER, namespace),
                "spec",
                map(
                        "secretName",
                        values.text("certificates.secretName"),
                        "duration",
                        values.text("certificates.certmanager.duration"),
                        "renewBefore",
                        values.text("certificates.certmanager.renewBefore"),
                        "privateKey",
                        map("algorithm", "ECDSA", "size", 256, "encoding", "PKCS8", "rotationPolicy", "Always"),
                        "usages",
                        list("digital signature", "server auth"),
                        "dnsNames",
                        list(MANAGER, service, service + ".svc", service + ".svc." + values.text("clusterDomain")),
                        "issuerRef",
                        values.at("certificates.certmanager.issuerRef")));
    }

    private void webhook() {
        String hook = "agentInjector.webhook.";
        add(
                ObjectKind.WEBHOOK,
                labels.metadata(clusterName(namespace), ""),
                "webhooks",
                list(map(
                        "name",
                        "inject.telepath.dev",
                        "admissionReviewVersions",
                        list("v1"),
                        "sideEffects",
                        "None",
                        "failurePolicy",
                        values.text(hook + "failurePolicy"),
                        "reinvocationPolicy",
                        values.text(hook + "reinvocationPolicy"),
                        "timeoutSeconds",
                        values.at(hook + "timeoutSeconds"),
                        "matchPolicy",
                        "Equivalent",
                        "clientConfig",
                        map(
                                "service",
                                map(
                                        "name",
                                        MANAGER,
                                        "namespace",
                                        namespace,
                                        "path",
                                        "/inject",
                                        "port",
                                        values.at("apiPort"))),
                        "rules",
                        list(map(
                                "apiGroups",
                                list(""),
                                "apiVersions",
                                list("v1"),
                                "operations",
                                list("CREATE"),
                                "resources",
                                list("pods"),
                                "scope",
                                "Namespaced")),
                        "namespaceSelector",
                        managedNamespaces(),
                        "objectSelector",
                        Tree.firstSet(
                                values.at(hook + "objectSelector"),
                                expression("app.kubernetes.io/name", "NotIn", list("telepath"))))));
    }

    private JsonNode managedNamespaces() {
        String name = "kubernetes.io/metadata.name";
        return values.namespaces().isEmpty()
                ? Tree.firstSet(
                        values.at("namespaceSelector"),
                        expression(name, "NotIn", list("kube-system", "kube-public", "kube-node-lease")))
                : expression(name, "In", values.at("namespaces"));
    }

    private static ObjectNode expression(String key, String operator, JsonNode operands) {
        return map("matchExpressions", list(map("key", key, "operator", operator, "values", operands)));
    }

    private void disruptionBudget() {
        add(
                ObjectKind.POD_DISRUPTION_BUDGET,
                labels.metadata(MANAGER, namespace),
                "spec",
                map(
                        "maxUnavailable",
                        values.at("podDisruptionBudget.maxUnavailable"),
                        "selector",
                        map("matchLabels", Labels.selector())));
    }

    private void networkPolicy() {
        ArrayNode ports = list(map("protocol", "TCP", "port", "api"));
        if (values.flag("legacy.enabled")) {
            ports.add(map("protocol", "TCP", "port", "legacy"));
        }
        add(
                ObjectKind.NETWORK_POLICY,
                labels.metadata(MANAGER, namespace),
                "spec",
                map(
                        "podSelector",
                        map("matchLabels", Labels.selector()),
                        "policyTypes",
                        list("Ingress"),
                        "ingress",
                        list(map("ports", ports, "from", Tree.ifSet(values.at("networkPolicy.from"))))));
    }

    private void serviceMonitor() {
        String monitor = "prometheus.serviceMonitor.";
        add(
                ObjectKind.SERVICE_MONITOR,
                map("name", MANAGER, "namespace", namespace, "labels", labels.all(values.at(monitor + "labels"))),
                "spec",
                map(
                        "selector",
                        map("matchLabels", Tree.joined(Labels.selector(), map("telepath.dev/metrics", "true"))),
                        "jobLabel",
                        "app.kubernetes.io/name",
                        "endpoints",
                        list(map(
                                "port",
                                "api",
                                "scheme",
                                "https",
                                "path",
                                "/q/metrics",
                                "interval",
                                values.text(monitor + "interval"),
                                "tlsConfig",
                                map(
                                        "serverName",
                                        MANAGER,
                                        "ca",
                                        map("configMap", map("name", MANAGER, "key", "ca.crt")))))));
    }
}
