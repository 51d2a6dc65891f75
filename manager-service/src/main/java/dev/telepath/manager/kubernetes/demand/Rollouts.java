package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes a workload's pods anew, in the way that its kind has for that. Blocks. */
final class Rollouts {
    /** On a pod template: when its pods were last made anew for an agent. */
    static final String STAMP = "telepath.dev/restarted-at";

    private final KubernetesClient client;

    Rollouts(KubernetesClient client) {
        this.client = client;
    }

    /**
     * @param stamp of the new pods; null takes the stamp away, which brings back the pods of before
     */
    void roll(ClusterWorkload workload, @Nullable String stamp) {
        String patch = new JsonObject()
                .put(
                        "spec",
                        new JsonObject()
                                .put(
                                        "template",
                                        new JsonObject()
                                                .put(
                                                        "metadata",
                                                        new JsonObject()
                                                                .put(
                                                                        "annotations",
                                                                        new JsonObject().put(STAMP, stamp)))))
                .encode();
        object(workload).patch(PatchContext.of(PatchType.JSON_MERGE), patch);
    }

    private Resource<?> object(ClusterWorkload workload) {
        String namespace = workload.key().namespace();
        String name = workload.key().name();
        return switch (workload.kind()) {
            case "Deployment" ->
                client.apps().deployments().inNamespace(namespace).withName(name);
            case "StatefulSet" ->
                client.apps().statefulSets().inNamespace(namespace).withName(name);
            case "DaemonSet" ->
                client.apps().daemonSets().inNamespace(namespace).withName(name);
            case "Rollout" ->
                client.genericKubernetesResources(ClusterView.rolloutContext())
                        .inNamespace(namespace)
                        .withName(name);
            default -> client.apps().replicaSets().inNamespace(namespace).withName(name);
        };
    }

    /** Pods of the workload now, those that are going left out. */
    List<Pod> pods(ClusterWorkload workload) {
        return client
                .pods()
                .inNamespace(workload.key().namespace())
                .withLabelSelector(workload.selector())
                .list()
                .getItems()
                .stream()
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .toList();
    }

    /** Lets go of pods, whose workload makes new ones. */
    void delete(List<Pod> pods) {
        pods.forEach(pod -> client.pods()
                .inNamespace(pod.getMetadata().getNamespace())
                .withName(pod.getMetadata().getName())
                .delete());
    }
}
