package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Labels;
import dev.telepath.client.install.Manifests;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The objects of an installation in the cluster. A refusal is a {@link Failure} that names verb and resource. Blocks. */
final class ClusterObjects {
    private final Requests requests;
    private final String namespace;

    /**
     * @param namespace of the manager
     */
    ClusterObjects(Requests requests, String namespace) {
        this.requests = requests;
        this.namespace = namespace;
    }

    Optional<JsonNode> get(ObjectKey key) {
        Requests.Answer answer = requests.get(key.path());
        if (answer.absent()) {
            return Optional.empty();
        }
        return Optional.of(checked(answer, "get", key).json());
    }

    void apply(ObjectNode object) {
        ObjectKey key = ObjectKey.of(object).orElseThrow();
        Requests.Answer answer = requests.apply(key.path(), object);
        if (answer.absent() && key.kind().extension()) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot make " + key + ": the cluster has no " + key.kind().apiVersion() + " "
                            + key.kind().kind(),
                    key.kind() == ObjectKind.CERTIFICATE
                            ? "install cert-manager before, or leave certificates.method as it is"
                            : "install Prometheus' operator before, or leave prometheus.serviceMonitor off");
        }
        checked(answer, "apply", key);
    }

    /** Takes it away; one that is gone is fine. */
    boolean delete(ObjectKey key) {
        Requests.Answer answer = requests.delete(key.path());
        return !answer.absent() && checked(answer, "delete", key).done();
    }

    private static Requests.Answer checked(Requests.Answer answer, String verb, ObjectKey key) {
        if (answer.done()) {
            return answer;
        }
        String doing = "cannot " + verb + " " + key + ": " + answer.message();
        if (!answer.forbidden()) {
            throw new Failure(Kind.FAILED, doing, "kubectl get events -A, and the log of the API server, may say more");
        }
        String right = (verb.equals("apply") ? "create and patch" : verb) + " "
                + key.kind().plural()
                + (key.namespace().isEmpty() ? "" : " in namespace " + key.namespace());
        throw new Failure(
                Kind.DENIED,
                doing,
                answer.message().contains("attempting to grant")
                        ? "whoever installs needs the rights that the manager gets: a cluster administrator, or"
                                + " one who may escalate " + key.kind().plural()
                        : "ask for the right to " + right + ", or act as somebody who has it (--as, --context)");
    }

    /**
     * What this program has installed for the namespace, as labels tell, so that it is found without a record too. What
     * the user may not list counts as not there.
     */
    Set<ObjectKey> labelled() {
        Set<ObjectKey> all = new LinkedHashSet<>();
        Set<String> ofCluster = Set.of(Manifests.clusterName(namespace), Manifests.engageName(namespace));
        String selector = "?labelSelector=" + URLEncoder.encode(Labels.SELECTOR, StandardCharsets.UTF_8);
        for (ObjectKind kind : ObjectKind.values()) {
            String in = kind.namespaced() ? namespace : "";
            for (JsonNode each : items(new ObjectKey(kind, in, "").collection() + selector)) {
                String name = each.path("metadata").path("name").asText();
                if (kind.namespaced() || ofCluster.contains(name)) {
                    all.add(new ObjectKey(kind, in, name));
                }
            }
        }
        // Those in managed namespaces have the name of what belongs to the cluster.
        for (ObjectKind kind : List.of(ObjectKind.ROLE, ObjectKind.ROLE_BINDING)) {
            for (JsonNode each : items(new ObjectKey(kind, "", "").collection() + selector)) {
                JsonNode metadata = each.path("metadata");
                if (metadata.path("name").asText().equals(Manifests.clusterName(namespace))) {
                    all.add(new ObjectKey(
                            kind,
                            metadata.path("namespace").asText(),
                            metadata.path("name").asText()));
                }
            }
        }
        return all;
    }

    /** Items of a list; none where the kind does not exist or may not be listed. */
    List<JsonNode> items(String path) {
        Requests.Answer answer = requests.get(path);
        List<JsonNode> items = new ArrayList<>();
        if (answer.done()) {
            answer.json().path("items").forEach(items::add);
        } else if (!answer.absent() && !answer.forbidden()) {
            throw new Failure(Kind.FAILED, "cannot list " + path + ": " + answer.message(), "try again");
        }
        return items;
    }

    /**
     * Rights that the user lacks, e.g. {@code patch clusterroles.rbac.authorization.k8s.io}. Asks the API server for each;
     * where that cannot be asked, none is lacking.
     */
    List<String> missingRights(List<ObjectKey> keys, List<String> verbs) {
        Set<ObjectKey> kinds = new LinkedHashSet<>();
        keys.forEach(key -> kinds.add(new ObjectKey(key.kind(), key.namespace(), "")));
        List<String> missing = new ArrayList<>();
        for (ObjectKey each : kinds) {
            for (String verb : verbs) {
                if (!may(verb, each)) {
                    String group = each.kind().group();
                    missing.add(verb + " " + each.kind().plural() + (group.isEmpty() ? "" : "." + group)
                            + (each.namespace().isEmpty() ? "" : " in namespace " + each.namespace()));
                }
            }
        }
        return missing;
    }

    private boolean may(String verb, ObjectKey key) {
        ObjectNode review = JsonNodeFactory.instance.objectNode();
        review.put("apiVersion", "authorization.k8s.io/v1").put("kind", "SelfSubjectAccessReview");
        review.putObject("spec")
                .putObject("resourceAttributes")
                .put("verb", verb)
                .put("group", key.kind().group())
                .put("resource", key.kind().plural())
                .put("namespace", key.namespace());
        Requests.Answer answer = requests.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
        return !answer.done() || answer.json().path("status").path("allowed").asBoolean();
    }
}
