package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import dev.telepath.client.install.Yaml;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Takes agents that came on demand out of workloads, as the manager does it: without its stamp a workload goes back to the
 * pods of before. To be used once the webhook is gone, or the next pods get an agent again. Blocks.
 */
final class InjectedAgents {
    private static final String STAMP = "telepath.dev/restarted-at";
    private static final String WORKLOAD = "telepath.dev/workload";
    private static final Map<String, String> PATHS = Map.of(
            "Deployment", "/apis/apps/v1/namespaces/%s/deployments/%s",
            "StatefulSet", "/apis/apps/v1/namespaces/%s/statefulsets/%s",
            "DaemonSet", "/apis/apps/v1/namespaces/%s/daemonsets/%s",
            "ReplicaSet", "/apis/apps/v1/namespaces/%s/replicasets/%s",
            "Rollout", "/apis/argoproj.io/v1alpha1/namespaces/%s/rollouts/%s");

    private final Requests requests;
    private final ClusterObjects objects;
    private final String namespace;

    /**
     * @param namespace of the manager
     */
    InjectedAgents(Requests requests, ClusterObjects objects, String namespace) {
        this.requests = requests;
        this.objects = objects;
        this.namespace = namespace;
    }

    /** A workload whose agent came on demand. */
    private record Workload(String kind, String namespace, String name) {
        @Override
        public String toString() {
            return kind + " " + name + " in namespace " + namespace;
        }
    }

    /**
     * Has the pods made anew without agent.
     *
     * @return the workloads, for people
     * @throws Failure of kind DENIED where a right is missing
     */
    List<String> remove(Consumer<String> said) {
        List<String> removed = new ArrayList<>();
        for (Workload each : onDemand()) {
            said.accept("taking the agent out of " + each);
            if (restore(each)) {
                removed.add(each.toString());
            }
        }
        return removed;
    }

    private List<Workload> onDemand() {
        List<Workload> all = new ArrayList<>();
        objects.get(new ObjectKey(ObjectKind.CONFIG_MAP, namespace, "telepath-agents"))
                .ifPresent(map -> map.path("data").forEach(value -> {
                    JsonNode entry = Yaml.object("telepath-agents", value.asText());
                    all.add(new Workload(
                            entry.path("kind").asText(),
                            entry.path("namespace").asText(),
                            entry.path("name").asText()));
                }));
        return all;
    }

    private boolean restore(Workload workload) {
        String pattern = PATHS.get(workload.kind());
        if (pattern == null) {
            return false;
        }
        String path = pattern.formatted(workload.namespace(), workload.name());
        Requests.Answer there = requests.get(path);
        if (there.absent()) {
            return false;
        }
        JsonNode object = checked(there, "get", workload).json();
        boolean stamped = object.path("spec")
                .path("template")
                .path("metadata")
                .path("annotations")
                .has(STAMP);
        if (stamped) {
            ObjectNode patch = JsonNodeFactory.instance.objectNode();
            patch.putObject("spec")
                    .putObject("template")
                    .putObject("metadata")
                    .putObject("annotations")
                    .putNull(STAMP);
            checked(requests.merge(path, patch), "patch", workload);
        }
        boolean rolls = !workload.kind().equals("ReplicaSet")
                && !object.path("spec")
                        .path("updateStrategy")
                        .path("type")
                        .asText()
                        .equals("OnDelete");
        if (!stamped || !rolls) {
            pods(workload.namespace()).stream()
                    .filter(pod -> workload(pod).equals(workload.name()))
                    .forEach(pod -> checked(
                            requests.delete("/api/v1/namespaces/" + workload.namespace() + "/pods/"
                                    + pod.path("metadata").path("name").asText()),
                            "delete pods of",
                            workload));
        }
        return true;
    }

    private static Requests.Answer checked(Requests.Answer answer, String verb, Workload workload) {
        if (answer.done() || answer.absent()) {
            return answer;
        }
        throw new Failure(
                answer.forbidden() ? Kind.DENIED : Kind.FAILED,
                "cannot " + verb + " " + workload + " to take its agent out: " + answer.message(),
                "ask for that right, or leave agents where they are with --keep-agents");
    }

    /**
     * Workloads that have an agent by their own annotation, and keep it until their pods are made anew.
     *
     * @param gone whose agents were taken out just now
     * @return each as {@code name in namespace x}; without those that the user may not see
     */
    Set<String> staying(List<String> gone) {
        Set<String> staying = new TreeSet<>();
        for (JsonNode pod : objects.items("/api/v1/pods")) {
            String name = workload(pod);
            String in = name + " in namespace "
                    + pod.path("metadata").path("namespace").asText();
            if (!name.isEmpty()
                    && !pod.path("metadata").has("deletionTimestamp")
                    && gone.stream().noneMatch(each -> each.endsWith(" " + in))) {
                staying.add(in);
            }
        }
        return staying;
    }

    private List<JsonNode> pods(String in) {
        return objects.items("/api/v1/namespaces/" + in + "/pods");
    }

    private static String workload(JsonNode pod) {
        return pod.path("metadata").path("annotations").path(WORKLOAD).asText("");
    }
}
