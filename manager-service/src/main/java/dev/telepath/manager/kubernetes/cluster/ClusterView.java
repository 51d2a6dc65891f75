package dev.telepath.manager.kubernetes.cluster;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.AnyNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Workloads, Services and namespaces of the cluster, kept by informers: one list and watch for each kind where all or
 * selected namespaces are managed, else one for each kind and namespace. Thread-safe; look-ups do not block.
 */
public final class ClusterView implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(ClusterView.class);

    private static final ResourceDefinitionContext ROLLOUT = new ResourceDefinitionContext.Builder()
            .withGroup("argoproj.io")
            .withVersion("v1alpha1")
            .withKind("Rollout")
            .withPlural("rollouts")
            .withNamespaced(true)
            .build();
    /** Where a name is that of several, the first of these is meant. */
    private static final List<String> ORDER =
            List.of("Deployment", "Rollout", "StatefulSet", "DaemonSet", "ReplicaSet");

    private final KubernetesClient client;
    private final ManagedNamespaces managed;
    private final Changes changes = new Changes();
    private final Changes serviceChanges = new Changes();
    private final Map<String, ClusterWorkload> workloads = new ConcurrentHashMap<>();
    private final List<SharedIndexInformer<? extends HasMetadata>> informers = new ArrayList<>();
    private final List<SharedIndexInformer<Service>> services = new ArrayList<>();
    private final List<SharedIndexInformer<Namespace>> namespaces = new ArrayList<>();
    private volatile boolean rollouts;

    public ClusterView(KubernetesClient client, ManagedNamespaces managed) {
        this.client = client;
        this.managed = managed;
    }

    /** Begins to look; returns at once but for one question about Argo Rollouts. Blocks on that. */
    public void start() {
        rollouts = client.supports("argoproj.io/v1alpha1", "Rollout");
        switch (managed) {
            case ManagedNamespaces.Listed(var names) ->
                names.forEach(name -> {
                    namespaces.add(started(client.namespaces().withName(name), namespaceHandler()));
                    follow(name);
                });
            case ManagedNamespaces.All a -> everywhere();
            case ManagedNamespaces.Selected s -> everywhere();
        }
        LOG.infof("cluster watched informers=%d argo-rollouts=%b", informers.size(), rollouts);
    }

    private void everywhere() {
        namespaces.add(started(client.namespaces(), namespaceHandler()));
        follow((String) null);
    }

    /**
     * @param namespace null = every one
     */
    private void follow(@Nullable String namespace) {
        services.add(started(in(namespace, client.services()), serviceHandler()));
        follow(in(namespace, client.apps().deployments()));
        follow(in(namespace, client.apps().statefulSets()));
        follow(in(namespace, client.apps().daemonSets()));
        follow(in(namespace, client.apps().replicaSets())
                .withoutLabel("pod-template-hash")
                .withoutLabel("rollouts-pod-template-hash"));
        if (rollouts) {
            follow(in(namespace, client.genericKubernetesResources(ROLLOUT)));
        }
    }

    private static <T, L, R extends Resource<T>> AnyNamespaceOperation<T, L, R> in(
            @Nullable String namespace, MixedOperation<T, L, R> all) {
        return namespace == null ? all.inAnyNamespace() : all.inNamespace(namespace);
    }

    private <T extends HasMetadata> void follow(Informable<T> which) {
        started(which, new ResourceEventHandler<>() {
            @Override
            public void onAdd(T object) {
                put(object);
            }

            @Override
            public void onUpdate(T before, T object) {
                put(object);
            }

            @Override
            public void onDelete(T object, boolean unknown) {
                if (workloads.remove(id(object)) != null) {
                    changes.fire();
                }
            }
        });
    }

    private void put(HasMetadata object) {
        Optional<ClusterWorkload> read = ClusterWorkload.of(object, client.getKubernetesSerialization());
        ClusterWorkload before =
                read.isPresent() ? workloads.put(id(object), read.get()) : workloads.remove(id(object));
        if (!Objects.equals(before, read.orElse(null))) {
            changes.fire();
        }
    }

    private static String id(HasMetadata object) {
        return object.getKind() + "/" + object.getMetadata().getNamespace() + "/"
                + object.getMetadata().getName();
    }

    private ResourceEventHandler<Namespace> namespaceHandler() {
        return new ResourceEventHandler<>() {
            @Override
            public void onAdd(Namespace object) {
                changes.fire();
            }

            @Override
            public void onUpdate(Namespace before, Namespace object) {
                if (!Objects.equals(
                        before.getMetadata().getLabels(), object.getMetadata().getLabels())) {
                    changes.fire();
                }
            }

            @Override
            public void onDelete(Namespace object, boolean unknown) {
                changes.fire();
            }
        };
    }

    private ResourceEventHandler<Service> serviceHandler() {
        return new ResourceEventHandler<>() {
            @Override
            public void onAdd(Service object) {
                serviceChanges.fire();
            }

            @Override
            public void onUpdate(Service before, Service object) {
                serviceChanges.fire();
            }

            @Override
            public void onDelete(Service object, boolean unknown) {
                serviceChanges.fire();
            }
        };
    }

    private <T extends HasMetadata> SharedIndexInformer<T> started(
            Informable<T> which, ResourceEventHandler<T> handler) {
        SharedIndexInformer<T> informer = which.runnableInformer(0)
                .addEventHandler(handler)
                // The API server may be away for long; what is known stays meanwhile.
                .exceptionHandler((listed, failure) -> {
                    LOG.debugf("cluster not heard, tried again cause=\"%s\"", failure);
                    return true;
                });
        informers.add(informer);
        var _ = informer.start();
        return informer;
    }

    /** Whether everything was listed once. */
    public boolean synced() {
        return !informers.isEmpty() && informers.stream().allMatch(SharedIndexInformer::hasSynced);
    }

    /** Whether Argo Rollouts are known here. */
    public boolean rollouts() {
        return rollouts;
    }

    /** How Argo Rollouts are addressed. */
    public static ResourceDefinitionContext rolloutContext() {
        return ROLLOUT;
    }

    /** Fires when workloads or namespaces have changed. */
    public Changes changes() {
        return changes;
    }

    /** Fires when Services have changed. */
    public Changes serviceChanges() {
        return serviceChanges;
    }

    /** The managed namespaces where they are listed, empty where all or selected ones are. */
    public Set<String> listed() {
        return managed instanceof ManagedNamespaces.Listed(var names) ? names : Set.of();
    }

    /** All Services that are watched. */
    public List<Service> services() {
        return services.stream()
                .flatMap(informer -> informer.getStore().list().stream())
                .toList();
    }

    /** Workloads of a managed namespace, sorted by name; one for each name. */
    public List<ClusterWorkload> workloads(String namespace) {
        if (!managed(namespace)) {
            return List.of();
        }
        Map<String, ClusterWorkload> byName = new java.util.TreeMap<>();
        for (ClusterWorkload one : workloads.values()) {
            if (one.key().namespace().equals(namespace)) {
                byName.merge(
                        one.key().name(), one, (a, b) -> ORDER.indexOf(a.kind()) <= ORDER.indexOf(b.kind()) ? a : b);
            }
        }
        return List.copyOf(byName.values());
    }

    /** One workload of a managed namespace. */
    public Optional<ClusterWorkload> workload(WorkloadKey key) {
        if (!managed(key.namespace())) {
            return Optional.empty();
        }
        return ORDER.stream()
                .map(kind -> workloads.get(kind + "/" + key.namespace() + "/" + key.name()))
                .filter(Objects::nonNull)
                .findFirst();
    }

    /** Services of a namespace. */
    public List<Service> services(String namespace) {
        return services.stream()
                .flatMap(informer -> informer.getIndexer().byIndex(Cache.NAMESPACE_INDEX, namespace).stream())
                .toList();
    }

    /** Whether a namespace is cared for. */
    public boolean managed(String namespace) {
        if (managed instanceof ManagedNamespaces.Listed listed) {
            return listed.include(namespace, Map.of());
        }
        return namespace(namespace)
                .map(one -> managed.include(
                        namespace,
                        one.getMetadata().getLabels() == null
                                ? Map.of()
                                : one.getMetadata().getLabels()))
                .orElse(false);
    }

    /** The pod security level that a namespace enforces, empty for none. */
    public String podSecurity(String namespace) {
        return namespace(namespace)
                .map(one -> one.getMetadata().getLabels())
                .map(labels -> labels.get("pod-security.kubernetes.io/enforce"))
                .orElse("");
    }

    private Optional<Namespace> namespace(String name) {
        return namespaces.stream()
                .map(informer -> informer.getStore().getByKey(name))
                .filter(Objects::nonNull)
                .findFirst();
    }

    @Override
    public void close() {
        informers.forEach(SharedIndexInformer::stop);
    }
}
