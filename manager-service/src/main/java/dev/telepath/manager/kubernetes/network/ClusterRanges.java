package dev.telepath.manager.kubernetes.network;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.network.ClusterNetworks;
import dev.telepath.manager.network.Subnet;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.watch.Derived;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDR;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.Listable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.ReducedStateItemStore;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * The networks as the cluster tells, by the best way that the manager's rights allow.
 *
 * <p>Services: as set; else the ServiceCIDR objects (Kubernetes 1.33 or later); else around the addresses of the Services
 * that are watched anyway. Pods: as set; else the nodes' pod ranges, if the manager's own pod is of one, which network
 * plug-ins with address management of their own do not heed; else around the addresses of the pods.
 *
 * <p>Thread-safe; {@link #now} does not block.
 */
public final class ClusterRanges implements ClusterNetworks, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ClusterRanges.class);

    private final KubernetesClient client;
    private final ClusterView view;
    private final Ways ways;
    private final Optional<InetAddress> dns;
    private final Map<String, List<Subnet>> serviceRanges = new ConcurrentHashMap<>();
    private final Map<String, List<Subnet>> nodeRanges = new ConcurrentHashMap<>();
    private final PodAddresses pods = new PodAddresses();
    private final List<SharedIndexInformer<?>> informers = new CopyOnWriteArrayList<>();
    private final Derived<Networks> current;
    private volatile boolean byNodes;

    /** How the pods' networks are found; names are those of Telepresence's chart. */
    public enum Strategy {
        AUTO("auto"),
        NODES("nodePodCIDRs"),
        PODS("coverPodIPs"),
        SET("environment");

        private final String word;

        Strategy(String word) {
            this.word = word;
        }

        /** By its name in settings; empty when there is none of that name. */
        public static Optional<Strategy> of(String word) {
            return Stream.of(values()).filter(one -> one.word.equals(word)).findFirst();
        }
    }

    /**
     * What is set.
     *
     * @param services empty: looked for
     * @param pods the pods' networks, with {@link Strategy#SET}
     * @param manager address of the manager's pod, if it is told
     */
    public record Ways(List<Subnet> services, Strategy strategy, List<Subnet> pods, Optional<InetAddress> manager) {}

    /**
     * @param dns the cluster's name server
     */
    public ClusterRanges(KubernetesClient client, ClusterView view, Ways ways, Optional<InetAddress> dns) {
        this.client = client;
        this.view = view;
        this.ways = ways;
        this.dns = dns;
        this.current = new Derived<>(new Networks(ways.services(), ways.pods(), dns, ways.manager()), this::found);
    }

    /** Begins to look. Blocks on a question for each kind of object that it may or may not read. */
    public void start() {
        if (ways.services().isEmpty()) {
            if (listed(client.resources(ServiceCIDR.class), "servicecidrs").isPresent()) {
                follow(
                        client.resources(ServiceCIDR.class),
                        range -> put(serviceRanges, range, ranges(range)),
                        range -> serviceRanges.remove(id(range)));
            } else {
                view.serviceChanges().listen(this::look);
            }
        }
        switch (ways.strategy()) {
            case SET -> {}
            case NODES -> followNodes();
            case PODS -> followPods();
            case AUTO -> {
                if (listed(client.nodes(), "nodes")
                        .filter(nodes -> holdManager(nodes.getItems()))
                        .isPresent()) {
                    followNodes();
                } else {
                    followPods();
                }
            }
        }
        look();
    }

    /** Whether the nodes' ranges are what pods have their addresses of, as far as this pod tells. */
    private boolean holdManager(List<Node> nodes) {
        return ways.manager()
                .map(own ->
                        nodes.stream().flatMap(node -> ranges(node).stream()).anyMatch(range -> range.contains(own)))
                .orElse(true);
    }

    private void followNodes() {
        byNodes = true;
        follow(client.nodes(), node -> put(nodeRanges, node, ranges(node)), node -> nodeRanges.remove(id(node)));
    }

    private void followPods() {
        for (String namespace : view.listed().isEmpty() ? List.of("") : view.listed()) {
            var which = namespace.isEmpty()
                    ? client.pods().inAnyNamespace()
                    : client.pods().inNamespace(namespace);
            var informer = which.runnableInformer(0)
                    // Of what may be ten thousands of pods nothing is kept here but their names.
                    .itemStore(new ReducedStateItemStore<>(
                            ReducedStateItemStore.UID_KEY_STATE, Pod.class, client.getKubernetesSerialization()));
            start(
                    informer,
                    pod -> {
                        if (pods.put(id(pod), addresses(pod))) {
                            look();
                        }
                    },
                    pod -> pods.remove(id(pod)));
        }
    }

    /** All of a kind, few as they are; empty where the manager may not read them or there is no such kind. */
    private static <T extends KubernetesResourceList<?>> Optional<T> listed(Listable<T> what, String name) {
        try {
            return Optional.of(what.list());
        } catch (KubernetesClientException e) {
            LOG.infof("cluster networks are found without resource=%s code=%d", name, e.getCode());
            return Optional.empty();
        }
    }

    private <T extends HasMetadata> void follow(Informable<T> which, Consumer<T> put, Consumer<T> removed) {
        start(which.runnableInformer(0), put, removed);
    }

    private <T extends HasMetadata> void start(SharedIndexInformer<T> informer, Consumer<T> put, Consumer<T> removed) {
        informer.addEventHandler(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(T object) {
                        put.accept(object);
                    }

                    @Override
                    public void onUpdate(T before, T object) {
                        put.accept(object);
                    }

                    @Override
                    public void onDelete(T object, boolean unknown) {
                        removed.accept(object);
                        look();
                    }
                })
                .exceptionHandler((listed, failure) -> {
                    LOG.debugf("cluster networks not heard, tried again cause=\"%s\"", failure);
                    return true;
                });
        informers.add(informer);
        var _ = informer.start();
    }

    private void put(Map<String, List<Subnet>> where, HasMetadata object, List<Subnet> ranges) {
        if (!ranges.equals(where.put(id(object), ranges))) {
            look();
        }
    }

    private static String id(HasMetadata object) {
        return object.getMetadata().getUid();
    }

    private static List<Subnet> ranges(ServiceCIDR range) {
        return range.getSpec() == null ? List.of() : subnets(range.getSpec().getCidrs());
    }

    private static List<Subnet> ranges(Node node) {
        return node.getSpec() == null ? List.of() : subnets(node.getSpec().getPodCIDRs());
    }

    private static List<Subnet> subnets(List<String> texts) {
        return texts.stream().flatMap(text -> Subnet.parse(text).stream()).toList();
    }

    /** Pods in the nodes' own network have no address of their own. */
    private static List<InetAddress> addresses(Pod pod) {
        if (pod.getStatus() == null || Boolean.TRUE.equals(pod.getSpec().getHostNetwork())) {
            return List.of();
        }
        return pod.getStatus().getPodIPs().stream()
                .flatMap(one -> Subnet.address(one.getIp()).stream())
                .toList();
    }

    private static List<InetAddress> addresses(Collection<Service> services) {
        return services.stream()
                .flatMap(one -> one.getSpec().getClusterIPs().stream())
                .flatMap(text -> Subnet.address(text).stream())
                .toList();
    }

    /** Looks again, and tells when something is different. */
    private void look() {
        if (current.look()) {
            LOG.infof("cluster networks services=%s pods=%s", now().services(), now().pods());
        }
    }

    private Networks found() {
        List<Subnet> services = !ways.services().isEmpty()
                ? ways.services()
                : serviceRanges.isEmpty() ? around(view.services(), dns) : sorted(serviceRanges);
        List<Subnet> found =
                ways.strategy() == Strategy.SET ? ways.pods() : byNodes ? sorted(nodeRanges) : pods.networks();
        return new Networks(services, found, dns, ways.manager());
    }

    private static List<Subnet> around(Collection<Service> services, Optional<InetAddress> dns) {
        var all = new ArrayList<>(addresses(services));
        dns.filter(one -> !one.isLoopbackAddress()).ifPresent(all::add);
        return Subnet.common(all);
    }

    private static List<Subnet> sorted(Map<String, List<Subnet>> ranges) {
        var all = new TreeMap<String, Subnet>();
        ranges.values().stream().flatMap(List::stream).forEach(one -> all.put(one.toString(), one));
        return List.copyOf(all.values());
    }

    @Override
    public Networks now() {
        return current.now();
    }

    @Override
    public Changes changes() {
        return current.changes();
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
    }
}
