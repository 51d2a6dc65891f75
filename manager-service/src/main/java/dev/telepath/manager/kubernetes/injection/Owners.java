package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the workload of a pod by its owner references. Pure. */
public final class Owners {
    private static final Set<String> WORKLOADS = Set.of("Deployment", "StatefulSet", "DaemonSet", "Rollout");

    private Owners() {}

    /**
     * A ReplicaSet of a Deployment or Rollout is named after it and the hash that its pods carry as a label, so it need
     * not be asked for.
     *
     * @param namespace the pod's own may be absent in an admission request
     * @return empty for pods without a workload
     */
    public static Optional<Target> of(Pod pod, String namespace) {
        Map<String, String> labels = pod.getMetadata().getLabels() == null
                ? Map.of()
                : pod.getMetadata().getLabels();
        List<OwnerReference> owners = pod.getMetadata().getOwnerReferences() == null
                ? List.of()
                : pod.getMetadata().getOwnerReferences();
        for (OwnerReference owner : owners) {
            if (owner.getKind().equals("ReplicaSet")) {
                return Optional.of(ofReplicaSet(owner.getName(), labels, namespace));
            }
            if (WORKLOADS.contains(owner.getKind())) {
                return Optional.of(new Target(namespace, owner.getKind(), owner.getName()));
            }
        }
        return Optional.empty();
    }

    private static Target ofReplicaSet(String name, Map<String, String> labels, String namespace) {
        String hash = labels.get("pod-template-hash");
        if (hash != null && name.endsWith("-" + hash)) {
            return new Target(namespace, "Deployment", name.substring(0, name.length() - hash.length() - 1));
        }
        String rollout = labels.get("rollouts-pod-template-hash");
        if (rollout != null && name.endsWith("-" + rollout)) {
            return new Target(namespace, "Rollout", name.substring(0, name.length() - rollout.length() - 1));
        }
        return new Target(namespace, "ReplicaSet", name);
    }
}
