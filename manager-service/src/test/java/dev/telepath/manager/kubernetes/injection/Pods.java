package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.KubernetesList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Pods and Services as YAML files have them. */
final class Pods {
    static final KubernetesSerialization OBJECTS = new KubernetesSerialization();
    static final Target WEB = new Target("shop", "Deployment", "web");

    private Pods() {}

    static Pod web() {
        return OBJECTS.unmarshal(file("web.yaml"), Pod.class);
    }

    /** The same pod behind other Services, with other annotations. */
    static Pod web(String app, Map<String, String> annotations) {
        return new PodBuilder(web())
                .editMetadata()
                .addToLabels("app", app)
                .withAnnotations(annotations)
                .endMetadata()
                .build();
    }

    static List<Service> services() {
        return OBJECTS.unmarshal(file("services.yaml"), KubernetesList.class).getItems().stream()
                .map(Service.class::cast)
                .toList();
    }

    private static InputStream file(String name) {
        return Objects.requireNonNull(Pods.class.getResourceAsStream("/pods/" + name));
    }

    static InjectionSettings settings() {
        return settings(true, Optional.empty());
    }

    static InjectionSettings settings(boolean redirect, Optional<String> tokenSecret) {
        return settings(redirect, tokenSecret, MountPolicies.NONE);
    }

    static InjectionSettings settings(boolean redirect, Optional<String> tokenSecret, MountPolicies mounts) {
        return settings(redirect, InjectionSettings.StartCheck.PROBE, tokenSecret, mounts);
    }

    static InjectionSettings settings(
            boolean redirect,
            InjectionSettings.StartCheck startCheck,
            Optional<String> tokenSecret,
            MountPolicies mounts) {
        return new InjectionSettings(
                Optional.of("agent:1"),
                "IfNotPresent",
                "telepath-manager.telepath:8443",
                "ab".repeat(32),
                9900,
                65532,
                new InjectionSettings.Resources("10m", "64Mi", Optional.empty(), Optional.of("256Mi")),
                redirect,
                startCheck,
                tokenSecret,
                mounts,
                false);
    }

    static Container container(Pod pod, String name) {
        return pod.getSpec().getContainers().stream()
                .filter(one -> one.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
