package dev.telepath.client.install;

import static dev.telepath.client.install.Tree.list;
import static dev.telepath.client.install.Tree.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the manager and its clients may do: roles and who has them. */
final class Rights {
    private static final List<String> READ = List.of("get", "list", "watch");

    private static final String GROUP = "rbac.authorization.k8s.io";

    private final Values values;
    private final Labels labels;
    private final String namespace;
    private final boolean injects;
    private final List<ObjectNode> objects = new ArrayList<>();

    Rights(Values values, Labels labels, String namespace) {
        this.values = values;
        this.labels = labels;
        this.namespace = namespace;
        this.injects = values.flag("agentInjector.enabled");
    }

    List<ObjectNode> objects() {
        if (values.flag("managerRbac.create")) {
            String name = Manifests.clusterName(namespace);
            role(ObjectKind.CLUSTER_ROLE, name, "", ofCluster(name));
            binding(ObjectKind.CLUSTER_ROLE_BINDING, name, "", manager());
            role(ObjectKind.ROLE, Manifests.MANAGER, namespace, itsOwn());
            binding(ObjectKind.ROLE_BINDING, Manifests.MANAGER, namespace, manager());
            for (String managed : values.namespaces()) {
                role(ObjectKind.ROLE, name, managed, workloads());
                binding(ObjectKind.ROLE_BINDING, name, managed, manager());
            }
        }
        if (values.flag("clientRbac.create")) {
            role(ObjectKind.ROLE, Manifests.CLIENT, namespace, ofClients());
            ArrayNode subjects = list();
            values.at("clientRbac.subjects").forEach(each -> subjects.add(subject(each)));
            if (!subjects.isEmpty()) {
                binding(ObjectKind.ROLE_BINDING, Manifests.CLIENT, namespace, subjects);
            }
            String engage = Manifests.engageName(namespace);
            role(ObjectKind.CLUSTER_ROLE, engage, "", engaging());
            if (values.flag("clientRbac.engageAll")) {
                binding(ObjectKind.CLUSTER_ROLE_BINDING, engage, "", account(Manifests.CLIENT));
            }
        }
        return objects;
    }

    private void role(ObjectKind kind, String name, String in, ArrayNode rules) {
        objects.add(map(
                "apiVersion",
                kind.apiVersion(),
                "kind",
                kind.kind(),
                "metadata",
                labels.metadata(name, in),
                "rules",
                rules));
    }

    private void binding(ObjectKind kind, String name, String in, ArrayNode subjects) {
        String role = kind == ObjectKind.CLUSTER_ROLE_BINDING ? "ClusterRole" : "Role";
        objects.add(map(
                "apiVersion",
                kind.apiVersion(),
                "kind",
                kind.kind(),
                "metadata",
                labels.metadata(name, in),
                "roleRef",
                map("apiGroup", GROUP, "kind", role, "name", name),
                "subjects",
                subjects));
    }

    private ArrayNode manager() {
        return account(Manifests.MANAGER);
    }

    private ArrayNode account(String name) {
        return list(map("kind", "ServiceAccount", "name", name, "namespace", namespace));
    }

    private ObjectNode subject(JsonNode given) {
        boolean account = given.path("kind").asText().equals("ServiceAccount");
        String in = given.path("namespace").asText("");
        return map(
                "kind",
                given.path("kind"),
                "name",
                given.path("name"),
                "namespace",
                account ? (in.isEmpty() ? namespace : in) : null,
                "apiGroup",
                account ? null : GROUP);
    }

    private static ObjectNode rule(String group, List<String> resources, @Nullable JsonNode names, List<String> verbs) {
        return map(
                "apiGroups",
                list(group),
                "resources",
                list(resources.toArray()),
                "resourceNames",
                names,
                "verbs",
                list(verbs.toArray()));
    }

    /** To read, and one thing more where agents are put into pods. */
    private List<String> readAnd(String more) {
        return injects ? List.of("get", "list", "watch", more) : READ;
    }

    private ArrayNode ofCluster(String name) {
        ArrayNode rules = list(
                rule("authentication.k8s.io", List.of("tokenreviews"), null, List.of("create")),
                rule("authorization.k8s.io", List.of("subjectaccessreviews"), null, List.of("create")),
                rule("", List.of("namespaces"), Tree.ifSet(values.at("namespaces")), READ));
        if (!Tree.isSet(values.at("serviceCIDRs"))) {
            rules.add(rule("networking.k8s.io", List.of("servicecidrs"), null, READ));
        }
        if (List.of("auto", "nodePodCIDRs").contains(values.text("podCIDRStrategy"))) {
            rules.add(rule("", List.of("nodes"), null, READ));
        }
        if (injects) {
            rules.add(rule(
                    "admissionregistration.k8s.io",
                    List.of("mutatingwebhookconfigurations"),
                    list(name),
                    readAnd("patch")));
        }
        if (values.namespaces().isEmpty()) {
            rules.addAll(workloads());
        }
        return rules;
    }

    private ArrayNode workloads() {
        return list(
                rule("", List.of("services", "events"), null, READ),
                rule("", List.of("pods"), null, readAnd("delete")),
                rule(
                        "apps",
                        List.of("deployments", "statefulsets", "daemonsets", "replicasets"),
                        null,
                        readAnd("patch")),
                rule("argoproj.io", List.of("rollouts"), null, readAnd("patch")));
    }

    /** The verb means something to the manager alone. */
    private static ArrayNode engaging() {
        List<String> verbs = List.of("engage");
        return list(
                rule("apps", List.of("deployments", "statefulsets", "daemonsets", "replicasets"), null, verbs),
                rule("argoproj.io", List.of("rollouts"), null, verbs));
    }

    private ArrayNode itsOwn() {
        return list(
                rule("", List.of("secrets"), list("telepath-manager-keys"), List.of("get", "update")),
                rule("", List.of("configmaps"), list(Manifests.MANAGER), List.of("get", "patch")),
                rule("", List.of("configmaps"), list("telepath-agents"), readAnd("patch")));
    }

    private ArrayNode ofClients() {
        ArrayNode rules = list(
                rule("", List.of("configmaps"), list(Manifests.MANAGER), List.of("get")),
                rule("", List.of("serviceaccounts/token"), list(Manifests.CLIENT), List.of("create")),
                rule("", List.of("pods"), null, List.of("get", "list")),
                rule("", List.of("pods/portforward"), null, List.of("get", "create")));
        if (values.flag("legacy.enabled")) {
            rules.add(rule("", List.of("services"), list(values.text("legacy.serviceName")), List.of("get")));
        }
        return rules;
    }
}
