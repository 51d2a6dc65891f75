package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Which ports of a pod its agent takes, and how. Pure.
 *
 * @param ports to take, those of one container port once
 * @param warnings what was asked for and is not there
 */
record PortPlan(List<Taken> ports, List<String> warnings) {
    /** How callers are led to the agent. */
    enum Way {
        /** A Service names the port; the agent's own port gets the name. */
        SWAP,
        /** Callers know the number; a rule in the pod's network leads them to the agent. */
        REDIRECT,
        /** The container is not there, so the agent has the port itself. */
        OWN
    }

    /**
     * A port of a container.
     *
     * @param name of the container's port, else of the Service's, may be empty
     * @param protocol TCP or UDP
     */
    record Taken(String container, int port, String name, String protocol, Way way) {}

    static PortPlan of(Pod pod, List<Service> services, Wish wish) {
        var found = new LinkedHashMap<String, Taken>();
        var warnings = new ArrayList<String>();
        Set<String> unmet = new LinkedHashSet<>(wish.servicePorts());
        for (Service service : services) {
            if (!leads(service, pod) || !wish.service().orElse(name(service)).equals(name(service))) {
                continue;
            }
            boolean headless = "None".equals(service.getSpec().getClusterIP());
            for (ServicePort port : service.getSpec().getPorts()) {
                boolean wanted = wish.servicePorts().isEmpty()
                        || wish.servicePorts().contains(String.valueOf(port.getPort()))
                        || (port.getName() != null && wish.servicePorts().contains(port.getName()));
                if (wanted) {
                    unmet.remove(String.valueOf(port.getPort()));
                    unmet.remove(String.valueOf(port.getName()));
                    take(pod, service, port, headless, found, warnings);
                }
            }
        }
        unmet.forEach(port -> warnings.add("no Service of the pod has port " + port));
        for (String port : wish.containerPorts()) {
            byContainer(pod, port, found, warnings);
        }
        return new PortPlan(List.copyOf(found.values()), List.copyOf(warnings));
    }

    private static String name(Service service) {
        return service.getMetadata().getName();
    }

    /** Whether the Service selects the pod. */
    static boolean leads(Service service, Pod pod) {
        Map<String, String> labels = pod.getMetadata().getLabels();
        return leads(service, labels == null ? Map.of() : labels);
    }

    static boolean leads(Service service, Map<String, String> labels) {
        Map<String, String> selector =
                service.getSpec() == null ? null : service.getSpec().getSelector();
        return selector != null
                && !selector.isEmpty()
                && service.getSpec().getPorts() != null
                && labels.entrySet().containsAll(selector.entrySet());
    }

    private static void take(
            Pod pod,
            Service service,
            ServicePort port,
            boolean headless,
            Map<String, Taken> found,
            List<String> warnings) {
        String protocol = protocol(port.getProtocol());
        if (!protocol.equals("TCP") && !protocol.equals("UDP")) {
            warnings.add("port " + port.getPort() + " of Service " + name(service) + " is " + protocol
                    + ", which no agent can take");
            return;
        }
        IntOrString target = port.getTargetPort();
        if (target != null && target.getStrVal() != null) {
            for (Container container : pod.getSpec().getContainers()) {
                for (ContainerPort own : ports(container)) {
                    if (target.getStrVal().equals(own.getName()) && protocol.equals(protocol(own.getProtocol()))) {
                        Way way = headless ? Way.REDIRECT : Way.SWAP;
                        add(
                                found,
                                new Taken(container.getName(), own.getContainerPort(), own.getName(), protocol, way));
                        return;
                    }
                }
            }
            warnings.add(
                    "no container has the port " + target.getStrVal() + " that Service " + name(service) + " names");
            return;
        }
        int number = target == null || target.getIntVal() == null ? port.getPort() : target.getIntVal();
        add(found, numeric(pod, number, protocol, port.getName() == null ? "" : port.getName()));
    }

    private static Taken numeric(Pod pod, int number, String protocol, String fallback) {
        for (Container container : pod.getSpec().getContainers()) {
            for (ContainerPort own : ports(container)) {
                if (own.getContainerPort() == number && protocol.equals(protocol(own.getProtocol()))) {
                    String name = own.getName() == null ? fallback : own.getName();
                    return new Taken(container.getName(), number, name, protocol, Way.REDIRECT);
                }
            }
        }
        // Nobody has to declare a port to listen on it.
        return new Taken(pod.getSpec().getContainers().getFirst().getName(), number, fallback, protocol, Way.REDIRECT);
    }

    private static void byContainer(Pod pod, String wanted, Map<String, Taken> found, List<String> warnings) {
        String[] parts = wanted.split("/", 2);
        String protocol = protocol(parts.length == 2 ? parts[1] : null);
        for (Container container : pod.getSpec().getContainers()) {
            for (ContainerPort own : ports(container)) {
                boolean named =
                        parts[0].equals(own.getName()) || parts[0].equals(String.valueOf(own.getContainerPort()));
                if (named && (parts.length == 1 || protocol.equals(protocol(own.getProtocol())))) {
                    String name = own.getName() == null ? "" : own.getName();
                    add(
                            found,
                            new Taken(
                                    container.getName(),
                                    own.getContainerPort(),
                                    name,
                                    protocol(own.getProtocol()),
                                    Way.REDIRECT));
                    return;
                }
            }
        }
        if (parts[0].matches("\\d{1,5}") && Integer.parseInt(parts[0]) >= 1 && Integer.parseInt(parts[0]) <= 65535) {
            add(found, numeric(pod, Integer.parseInt(parts[0]), protocol, ""));
        } else {
            warnings.add("no container has the port " + wanted);
        }
    }

    /** A number that callers know has to be redirected even where another Service goes by its name. */
    private static void add(Map<String, Taken> found, Taken taken) {
        String key = taken.port() + "/" + taken.protocol();
        Taken before = found.get(key);
        if (before == null || (before.way() == Way.SWAP && taken.way() == Way.REDIRECT)) {
            found.put(
                    key,
                    before == null || before.name().isEmpty()
                            ? taken
                            : new Taken(taken.container(), taken.port(), before.name(), taken.protocol(), taken.way()));
        }
    }

    static List<ContainerPort> ports(Container container) {
        return container.getPorts() == null ? List.of() : container.getPorts();
    }

    static String protocol(@org.jspecify.annotations.Nullable String protocol) {
        return protocol == null || protocol.isBlank() ? "TCP" : protocol.toUpperCase(Locale.ROOT);
    }
}
