package dev.telepath.manager.kubernetes.injection;

import dev.telepath.manager.kubernetes.injection.PortPlan.Taken;
import dev.telepath.manager.kubernetes.injection.PortPlan.Way;
import dev.telepath.manager.workload.Replacement;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Which container of a pod goes, so that the agent takes its place, and which ports that gives to the agent. */
sealed interface Takeover {
    /** Below this a port needs a privilege that the agent does not have. */
    int FIRST_FREE_PORT = 1024;

    String PROFILE = "container.apparmor.security.beta.kubernetes.io/";

    /**
     * It can go.
     *
     * @param ports of this container alone; the others keep theirs
     */
    record Of(String container, List<Taken> ports) implements Takeover {}

    /** It cannot; the text says why. */
    record Impossible(String why) implements Takeover {}

    static Takeover of(Pod pod, PortPlan plan, Replacement wanted) {
        List<Container> all = pod.getSpec().getContainers();
        Optional<Container> found = wanted.container().isEmpty()
                ? Optional.of(meant(all, plan, wanted.port()))
                : all.stream()
                        .filter(one -> one.getName().equals(wanted.container()))
                        .findFirst();
        if (found.isEmpty()) {
            return new Impossible("the pod has no container " + wanted.container() + "; it has: "
                    + all.stream().map(Container::getName).collect(Collectors.joining(", ")));
        }
        String container = found.get().getName();
        return dependent(pod, container)
                .<Takeover>map(other -> new Impossible("container " + container + " cannot be taken out of the pod: "
                        + other + " asks for its resources (resourceFieldRef)"))
                .orElseGet(() -> new Of(container, ports(all, found.get(), plan)));
    }

    private static Container meant(List<Container> all, PortPlan plan, String identifier) {
        String port = identifier.split("/", 2)[0];
        return all.stream()
                .filter(one -> PortPlan.ports(one).stream()
                        .anyMatch(own ->
                                port.equals(own.getName()) || port.equals(String.valueOf(own.getContainerPort()))))
                .findFirst()
                .or(() -> plan.ports().stream()
                        .findFirst()
                        .flatMap(first -> all.stream()
                                .filter(one -> one.getName().equals(first.container()))
                                .findFirst()))
                .orElse(all.getFirst());
    }

    /** Those that Services lead to, and those that the container declares beside them. */
    private static List<Taken> ports(List<Container> all, Container gone, PortPlan plan) {
        var found = new LinkedHashMap<String, Taken>();
        for (Taken port : plan.ports()) {
            // A port that nobody declares may be anybody's.
            boolean others = all.stream()
                    .anyMatch(one -> one != gone && declared(one, port).isPresent());
            if (!others) {
                found.put(key(port), own(port, gone.getName()));
            }
        }
        for (ContainerPort own : PortPlan.ports(gone)) {
            String name = own.getName() == null ? "" : own.getName();
            var port = new Taken(
                    gone.getName(), own.getContainerPort(), name, PortPlan.protocol(own.getProtocol()), Way.REDIRECT);
            found.putIfAbsent(key(port), own(port, gone.getName()));
        }
        return List.copyOf(found.values());
    }

    private static String key(Taken port) {
        return port.port() + "/" + port.protocol();
    }

    private static Taken own(Taken port, String container) {
        Way way = port.port() >= FIRST_FREE_PORT ? Way.OWN : port.way();
        return new Taken(container, port.port(), port.name(), port.protocol(), way);
    }

    /** The port as the container declares it. */
    static Optional<ContainerPort> declared(Container container, Taken port) {
        return PortPlan.ports(container).stream()
                .filter(own -> own.getContainerPort() == port.port()
                        && PortPlan.protocol(own.getProtocol()).equals(port.protocol()))
                .findFirst();
    }

    /** What else in the pod names the container, without which the API server refuses the pod. */
    private static Optional<String> dependent(Pod pod, String container) {
        Optional<String> volume = pod.getSpec().getVolumes().stream()
                .filter(one -> one.getDownwardAPI() != null
                        && one.getDownwardAPI().getItems().stream()
                                .anyMatch(item -> names(item.getResourceFieldRef(), container)))
                .map(one -> "volume " + one.getName())
                .findFirst();
        return volume.or(() -> pod.getSpec().getContainers().stream()
                .filter(one -> !one.getName().equals(container))
                .filter(one -> one.getEnv().stream()
                        .anyMatch(variable -> variable.getValueFrom() != null
                                && names(variable.getValueFrom().getResourceFieldRef(), container)))
                .map(one -> "container " + one.getName())
                .findFirst());
    }

    private static boolean names(@org.jspecify.annotations.Nullable ResourceFieldSelector resource, String container) {
        return resource != null && container.equals(resource.getContainerName());
    }

    /**
     * Takes the container out. Changes the pod.
     *
     * @return the container as the agent lends it: without what only a container of the pod could ask for
     */
    static Container take(Pod pod, Container gone, List<String> warnings) {
        pod.getSpec().getContainers().remove(gone);
        Map<String, String> annotations = new LinkedHashMap<>(
                pod.getMetadata().getAnnotations() == null
                        ? Map.of()
                        : pod.getMetadata().getAnnotations());
        annotations.remove(PROFILE + gone.getName());
        annotations.put(Injector.REPLACED_ANNOTATION, gone.getName());
        pod.getMetadata().setAnnotations(annotations);
        var variables = new ArrayList<EnvVar>();
        for (EnvVar variable : gone.getEnv()) {
            ResourceFieldSelector resource = variable.getValueFrom() == null
                    ? null
                    : variable.getValueFrom().getResourceFieldRef();
            if (resource == null) {
                variables.add(variable);
                continue;
            }
            value(gone, resource)
                    .ifPresentOrElse(
                            value -> variables.add(new EnvVarBuilder()
                                    .withName(variable.getName())
                                    .withValue(value)
                                    .build()),
                            () -> warnings.add("not lent: variable " + variable.getName()
                                    + " asks for resources that the container does not set"));
        }
        return new ContainerBuilder(gone).withEnv(variables).build();
    }

    /** As Kubernetes gives it: divided, and rounded up. */
    private static Optional<String> value(Container gone, ResourceFieldSelector resource) {
        String[] parts = resource.getResource().split("\\.", 2);
        if (gone.getResources() == null || parts.length < 2) {
            return Optional.empty();
        }
        Map<String, Quantity> which = parts[0].equals("limits")
                ? gone.getResources().getLimits()
                : gone.getResources().getRequests();
        Quantity found = which == null ? null : which.get(parts[1]);
        if (found == null) {
            return Optional.empty();
        }
        BigDecimal divisor = resource.getDivisor() == null
                        || resource.getDivisor().getNumericalAmount().signum() == 0
                ? BigDecimal.ONE
                : resource.getDivisor().getNumericalAmount();
        return Optional.of(found.getNumericalAmount()
                .divide(divisor, 0, RoundingMode.CEILING)
                .toPlainString());
    }
}
