package dev.telepath.manager.kubernetes.injection;

import dev.telepath.manager.kubernetes.injection.AgentContainer.Listening;
import dev.telepath.manager.kubernetes.injection.AgentContainer.Rule;
import dev.telepath.manager.workload.Replacement;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Puts an agent into a pod. Pure: the same pod gives the same answer, and one that has an agent stays as it is. */
public final class Injector {
    /** Says on a pod which workload its agent stands for. */
    public static final String WORKLOAD_ANNOTATION = "telepath.dev/workload";

    /** Says on a pod which container its agent takes the place of. */
    public static final String REPLACED_ANNOTATION = "telepath.dev/replaced";

    private static final Set<String> WITHOUT_ADMIN = Set.of("restricted", "baseline");
    private static final int NAME_LENGTH = 15;

    private final InjectionSettings settings;
    private final AgentContainer containers;

    public Injector(InjectionSettings settings) {
        this.settings = settings;
        this.containers = new AgentContainer(settings);
    }

    /** Whether a pod has an agent. */
    public static boolean hasAgent(Pod pod) {
        return pod.getSpec().getContainers().stream()
                .anyMatch(one -> one.getName().equals(AgentContainer.NAME));
    }

    /** Whether a Service selects pods with these labels, and leads to ports of theirs. */
    public static boolean leads(Service service, Map<String, String> labels) {
        return PortPlan.leads(service, labels);
    }

    /** Whether a pod has an agent in the place of a container. */
    public static boolean replaces(Pod pod) {
        return pod.getMetadata().getAnnotations() != null
                && pod.getMetadata().getAnnotations().containsKey(REPLACED_ANNOTATION);
    }

    /** Name of the container that pods get. */
    public static String containerName() {
        return AgentContainer.NAME;
    }

    /** Name of the init container that pods get where rules are needed. */
    public static String initContainerName() {
        return AgentContainer.INIT_NAME;
    }

    /**
     * @param services of the pod's namespace
     * @param podSecurity the level that the namespace enforces, empty for none
     * @param onDemand whether a client has asked for this workload's agent
     * @param replacement what the agent takes the place of; empty for an agent beside all containers
     */
    public Verdict decide(
            Pod pod,
            Target target,
            List<Service> services,
            String podSecurity,
            boolean onDemand,
            Optional<Replacement> replacement) {
        Wish wish = Wish.of(pod.getMetadata());
        if (wish.decision() == Wish.Decision.DISABLED) {
            return new Verdict.Leave("its annotation says that it gets no agent");
        }
        if (wish.decision() == Wish.Decision.OPEN && !onDemand) {
            return new Verdict.Leave("nobody asked for an agent");
        }
        if (settings.image().isEmpty()) {
            return new Verdict.Leave("the manager has no agent image; set telepath.manager.agents.image");
        }
        if (hasAgent(pod)) {
            return new Verdict.Leave("it has an agent");
        }
        if (Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
            return new Verdict.Leave("it uses the network of its node (hostNetwork), whose ports are not its own");
        }
        PortPlan plan = PortPlan.of(pod, services, wish);
        var warnings = new ArrayList<>(plan.warnings());
        Optional<String> replaced = Optional.empty();
        if (replacement.isPresent()) {
            switch (Takeover.of(pod, plan, replacement.get())) {
                case Takeover.Impossible(String why) -> {
                    return new Verdict.Leave(why);
                }
                case Takeover.Of of -> {
                    replaced = Optional.of(of.container());
                    plan = new PortPlan(of.ports(), plan.warnings());
                }
            }
        }
        var ports = new ArrayList<PortPlan.Taken>();
        for (PortPlan.Taken port : plan.ports()) {
            if (port.way() == PortPlan.Way.REDIRECT && WITHOUT_ADMIN.contains(podSecurity)) {
                warnings.add(number(port) + " is called by its number, which needs a redirect rule, and the namespace"
                        + " enforces the pod security level " + podSecurity
                        + ", which forbids the init container for it; name the port in the container and use the name as"
                        + " targetPort of a Service that is not headless");
            } else if (port.way() == PortPlan.Way.REDIRECT && !settings.redirect()) {
                warnings.add(number(port) + " is called by its number, which needs a redirect rule, and"
                        + " telepath.manager.agents.redirect is false; name the port in the container and use the name as"
                        + " targetPort of a Service that is not headless");
            } else {
                ports.add(port);
            }
        }
        if (ports.isEmpty()) {
            return new Verdict.Leave(
                    warnings.isEmpty()
                            ? "no Service leads to it; name ports with the annotation telepath.dev/container-ports"
                            : String.join("; ", warnings));
        }
        return inject(pod, target, wish, ports, replaced, warnings);
    }

    private static String number(PortPlan.Taken port) {
        return "port " + port.port() + "/" + port.protocol();
    }

    private Verdict inject(
            Pod pod,
            Target target,
            Wish wish,
            List<PortPlan.Taken> ports,
            Optional<String> replaced,
            List<String> warnings) {
        Pod changed = new PodBuilder(pod).build();
        List<Container> apps = changed.getSpec().getContainers();
        Container lender = apps.stream()
                .filter(one ->
                        one.getName().equals(replaced.orElse(ports.getFirst().container())))
                .findFirst()
                .orElse(apps.getFirst());
        Volumes lent = Volumes.of(changed, lender, wish, settings.mountPolicies());
        warnings.addAll(wish.mistakes());
        lent.skipped().forEach(skipped -> warnings.add("not lent: " + skipped));
        var free = new FreePorts(changed, settings.firstPort());
        var listening = new ArrayList<Listening>();
        for (PortPlan.Taken port : ports) {
            // Nobody listens on the free port, so what nobody engages is refused.
            listening.add(
                    port.way() == PortPlan.Way.OWN
                            ? new Listening(port, port.port(), free.next())
                            : new Listening(port, free.next(), port.port()));
        }
        var own = new AgentContainer.OwnPorts(
                free.next(), wish.api().orElse(settings.api()) ? Optional.of(free.next()) : Optional.<Integer>empty());
        String image = settings.image().orElseThrow();
        List<Rule> rules = new ArrayList<>();
        if (replaced.isPresent()) {
            lender = Takeover.take(changed, lender, warnings);
        }
        for (Container app : apps) {
            release(app, ports, names(changed), rules, free);
        }
        for (Listening port : listening) {
            if (port.taken().way() == PortPlan.Way.REDIRECT) {
                rules.add(new Rule(
                        port.taken().port(), port.listen(), port.taken().protocol()));
            }
        }
        apps.add(containers.agent(changed, target, lender, lent, listening, own, image));
        if (!rules.isEmpty()) {
            List<Container> inits = new ArrayList<>();
            inits.add(containers.init(rules, image));
            inits.addAll(changed.getSpec().getInitContainers());
            changed.getSpec().setInitContainers(inits);
        }
        List<Volume> volumes = new ArrayList<>(changed.getSpec().getVolumes());
        volumes.addAll(containers.volumes());
        changed.getSpec().setVolumes(volumes);
        Map<String, String> annotations =
                new LinkedHashMap<>(changed.getMetadata().getAnnotations());
        annotations.put(WORKLOAD_ANNOTATION, target.kind() + "/" + target.name());
        changed.getMetadata().setAnnotations(annotations);
        return new Verdict.Inject(changed, List.copyOf(warnings));
    }

    /** Takes from a container the names that the agent gets, and leads its probes past the agent. */
    private static void release(
            Container app, List<PortPlan.Taken> ports, Set<String> used, List<Rule> rules, FreePorts free) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (ContainerPort own : PortPlan.ports(app)) {
            if (own.getName() != null) {
                numbers.put(own.getName(), own.getContainerPort());
            }
            boolean swapped = own.getName() != null
                    && ports.stream()
                            .anyMatch(port -> port.way() == PortPlan.Way.SWAP
                                    && port.container().equals(app.getName())
                                    && port.name().equals(own.getName()));
            if (swapped) {
                own.setName(hidden(own.getName(), used));
            }
        }
        Probes.move(app, port -> {
            Integer number = port.getStrVal() == null ? port.getIntVal() : numbers.get(port.getStrVal());
            if (number == null) {
                return port;
            }
            if (redirected(number, ports)) {
                return new IntOrString(aside(number, rules, free));
            }
            boolean renamed = port.getStrVal() != null
                    && PortPlan.ports(app).stream()
                            .noneMatch(own -> port.getStrVal().equals(own.getName()));
            return renamed ? new IntOrString(number) : port;
        });
    }

    private static boolean redirected(int number, List<PortPlan.Taken> ports) {
        return ports.stream()
                .anyMatch(port -> port.way() == PortPlan.Way.REDIRECT
                        && port.port() == number
                        && port.protocol().equals("TCP"));
    }

    /** A port of its own by which probes still reach the workload, engaged or not. */
    private static int aside(int number, List<Rule> rules, FreePorts free) {
        for (Rule rule : rules) {
            if (rule.to() == number) {
                return rule.from();
            }
        }
        int from = free.next();
        rules.add(new Rule(from, number, "TCP"));
        return from;
    }

    private static Set<String> names(Pod pod) {
        Set<String> names = new HashSet<>();
        for (Container container : pod.getSpec().getContainers()) {
            PortPlan.ports(container).forEach(port -> names.add(String.valueOf(port.getName())));
        }
        return names;
    }

    private static String hidden(String name, Set<String> used) {
        String candidate = cut("tp-" + name, NAME_LENGTH);
        for (int i = 2; used.contains(candidate); i++) {
            candidate = cut("tp" + i + "-" + name, NAME_LENGTH);
        }
        used.add(candidate);
        return candidate;
    }

    /** A port name must not end with a dash, nor have two in a row where it is cut. */
    private static String cut(String name, int most) {
        String text = name.length() > most ? name.substring(0, most) : name;
        return text.replaceAll("-+$", "");
    }

    /** Ports that no container of the pod declares. */
    private static final class FreePorts {
        private final Set<Integer> used = new HashSet<>();
        private int last;

        FreePorts(Pod pod, int first) {
            last = first - 1;
            for (Container container : pod.getSpec().getContainers()) {
                PortPlan.ports(container).forEach(port -> used.add(port.getContainerPort()));
            }
        }

        int next() {
            do {
                last++;
            } while (used.contains(last));
            return last;
        }
    }
}
