package dev.telepath.manager.kubernetes.cluster;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetUpdateStrategy;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetUpdateStrategy;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is to be known of a workload of the cluster.
 *
 * @param kind as Kubernetes writes it
 * @param selector of its pods
 * @param labels of its pods
 * @param annotations of its pod template
 * @param containerPorts of its pod template, by name
 * @param rolling whether a changed template makes new pods by itself
 * @param failure what keeps it from making pods; empty when nothing does
 */
public record ClusterWorkload(
        WorkloadKey key,
        String kind,
        LabelSelector selector,
        Map<String, String> labels,
        Map<String, String> annotations,
        Map<String, Integer> containerPorts,
        WorkloadInfo.State state,
        boolean rolling,
        Optional<String> failure) {

    /** The kind on the wire, which has no word for a DaemonSet. */
    public WorkloadInfo.Kind wireKind() {
        return switch (kind) {
            case "Deployment" -> WorkloadInfo.Kind.DEPLOYMENT;
            case "StatefulSet" -> WorkloadInfo.Kind.STATEFULSET;
            case "ReplicaSet" -> WorkloadInfo.Kind.REPLICASET;
            case "Rollout" -> WorkloadInfo.Kind.ROLLOUT;
            default -> WorkloadInfo.Kind.UNSPECIFIED;
        };
    }

    /**
     * Reads an object.
     *
     * @return empty for one that cannot be engaged
     */
    static Optional<ClusterWorkload> of(HasMetadata object, KubernetesSerialization objects) {
        return switch (object) {
            case Deployment one
            when one.getSpec() != null ->
                Optional.of(make(
                        one,
                        "Deployment",
                        one.getSpec().getSelector(),
                        one.getSpec().getTemplate(),
                        Progress.of(one),
                        true,
                        Progress.failure(one)));
            case StatefulSet one
            when one.getSpec() != null ->
                Optional.of(make(
                        one,
                        "StatefulSet",
                        one.getSpec().getSelector(),
                        one.getSpec().getTemplate(),
                        Progress.of(one),
                        rolls(one.getSpec().getUpdateStrategy(), StatefulSetUpdateStrategy::getType),
                        Optional.empty()));
            case DaemonSet one
            when one.getSpec() != null ->
                Optional.of(make(
                        one,
                        "DaemonSet",
                        one.getSpec().getSelector(),
                        one.getSpec().getTemplate(),
                        Progress.of(one),
                        rolls(one.getSpec().getUpdateStrategy(), DaemonSetUpdateStrategy::getType),
                        Optional.empty()));
            case ReplicaSet one
            when one.getSpec() != null && one.getMetadata().getOwnerReferences().isEmpty() ->
                Optional.of(make(
                        one,
                        "ReplicaSet",
                        one.getSpec().getSelector(),
                        one.getSpec().getTemplate(),
                        Progress.of(one),
                        false,
                        Progress.failure(one)));
            case GenericKubernetesResource one -> rollout(one, objects);
            default -> Optional.empty();
        };
    }

    /** Whether pods follow a changed template by themselves. */
    private static <S> boolean rolls(@Nullable S strategy, Function<S, @Nullable String> type) {
        return strategy == null || !"OnDelete".equals(type.apply(strategy));
    }

    /** An Argo Rollout has the fields of a Deployment where we look. */
    private static Optional<ClusterWorkload> rollout(
            GenericKubernetesResource object, KubernetesSerialization objects) {
        Object spec = object.getAdditionalProperties().get("spec");
        if (!(spec instanceof Map<?, ?> map) || map.get("template") == null || map.get("selector") == null) {
            return Optional.empty();
        }
        WorkloadInfo.State state = Progress.ofPhase(object.get("status", "phase"));
        return Optional.of(make(
                object,
                "Rollout",
                objects.convertValue(map.get("selector"), LabelSelector.class),
                objects.convertValue(map.get("template"), PodTemplateSpec.class),
                state,
                true,
                Optional.empty()));
    }

    private static ClusterWorkload make(
            HasMetadata object,
            String kind,
            LabelSelector selector,
            @Nullable PodTemplateSpec template,
            WorkloadInfo.State state,
            boolean rolling,
            Optional<String> failure) {
        var meta = template == null ? null : template.getMetadata();
        return new ClusterWorkload(
                new WorkloadKey(
                        object.getMetadata().getNamespace(),
                        object.getMetadata().getName()),
                kind,
                selector,
                meta == null || meta.getLabels() == null ? Map.of() : Map.copyOf(meta.getLabels()),
                meta == null || meta.getAnnotations() == null ? Map.of() : Map.copyOf(meta.getAnnotations()),
                ports(template),
                state,
                rolling,
                failure);
    }

    private static Map<String, Integer> ports(@Nullable PodTemplateSpec template) {
        var ports = new HashMap<String, Integer>();
        var spec = template == null ? null : template.getSpec();
        var containers = spec == null ? List.<Container>of() : spec.getContainers();
        for (var container : containers) {
            for (var port : container.getPorts()) {
                if (port.getName() != null) {
                    ports.putIfAbsent(port.getName(), port.getContainerPort());
                }
            }
        }
        return Map.copyOf(ports);
    }
}
