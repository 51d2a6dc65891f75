package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Replacement;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The workloads that are to have an agent because a client asked for it, and those it takes the place of. Kept in a ConfigMap, so that every replica of the
 * manager injects alike and a new one knows. Thread-safe.
 */
public final class DesiredAgents implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(DesiredAgents.class);
    private static final int MOST_KEY = 253;

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    /** Own changes that the informer has not shown yet; empty for one that was removed. */
    private final Map<WorkloadKey, Optional<Desired>> ownYetUnseen = new ConcurrentHashMap<>();

    private volatile Map<WorkloadKey, Desired> seen = Map.of();
    private @Nullable SharedIndexInformer<ConfigMap> informer;

    /**
     * @param namespace of the manager
     * @param name of the ConfigMap
     */
    public DesiredAgents(KubernetesClient client, String namespace, String name) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
    }

    /** Begins to follow the ConfigMap. */
    public void start() {
        informer = map().runnableInformer(0)
                .addEventHandler(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(ConfigMap map) {
                        read(map);
                    }

                    @Override
                    public void onUpdate(ConfigMap before, ConfigMap map) {
                        read(map);
                    }

                    @Override
                    public void onDelete(ConfigMap map, boolean unknown) {
                        seen = Map.of();
                    }
                })
                .exceptionHandler((listed, failure) -> true);
        var _ = informer.start();
    }

    private Resource<ConfigMap> map() {
        return client.configMaps().inNamespace(namespace).withName(name);
    }

    private void read(ConfigMap map) {
        var read = new HashMap<WorkloadKey, Desired>();
        Map<String, String> data = map.getData() == null ? Map.of() : map.getData();
        data.forEach((key, value) -> {
            try {
                var json = new JsonObject(value);
                read.put(
                        new WorkloadKey(json.getString("namespace", ""), json.getString("name", "")),
                        Desired.read(json));
            } catch (DecodeException | ClassCastException e) {
                LOG.warnf("desired agent not understood configmap=%s key=%s", name, key);
            }
        });
        ownYetUnseen.entrySet().removeIf(own -> own.getValue().equals(Optional.ofNullable(read.get(own.getKey()))));
        seen = Map.copyOf(read);
    }

    /** Whether the ConfigMap was looked for once. */
    public boolean synced() {
        return informer != null && informer.hasSynced();
    }

    /** Whether the workload is to have an agent. Does not block. */
    public boolean wants(WorkloadKey workload) {
        return find(workload).map(Desired::agent).orElse(false);
    }

    /** What is wanted of the workload. Does not block. */
    Optional<Desired> find(WorkloadKey workload) {
        Optional<Desired> own = ownYetUnseen.get(workload);
        return own != null ? own : Optional.ofNullable(seen.get(workload));
    }

    /** What of the workload its agent takes the place of; empty when all of it runs. Does not block. */
    public Optional<Replacement> replacement(WorkloadKey workload) {
        return find(workload)
                .flatMap(Desired::replaced)
                .filter(one -> !one.over())
                .map(Desired.Replaced::wanted);
    }

    /** All that are to have an agent. */
    public List<WorkloadKey> all() {
        return known().stream().filter(this::wants).sorted().toList();
    }

    /** All with a container that is away, or about to come back. */
    List<WorkloadKey> replaced() {
        return known().stream()
                .filter(key -> find(key).flatMap(Desired::replaced).isPresent())
                .sorted()
                .toList();
    }

    private Set<WorkloadKey> known() {
        var all = new HashSet<>(seen.keySet());
        all.addAll(ownYetUnseen.keySet());
        return all;
    }

    /** Wants this of the workload from now on. Blocks. */
    void put(WorkloadKey workload, Desired wanted) {
        change(workload, Optional.of(wanted));
    }

    /** Wants none any more. Blocks. */
    public void remove(WorkloadKey workload) {
        change(workload, Optional.empty());
    }

    private void change(WorkloadKey workload, Optional<Desired> wanted) {
        Optional<Desired> before = ownYetUnseen.put(workload, wanted);
        try {
            patch(key(workload), wanted.map(one -> one.json(workload).encode()).orElse(null));
        } catch (KubernetesClientException e) {
            if (before == null) {
                ownYetUnseen.remove(workload);
            } else {
                ownYetUnseen.put(workload, before);
            }
            throw e;
        }
    }

    /** One key alone, so that replicas do not undo one another. */
    private void patch(String key, @Nullable String value) {
        var json = new JsonObject().put("data", new JsonObject().put(key, value));
        try {
            map().patch(PatchContext.of(PatchType.JSON_MERGE), json.encode());
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
            if (value != null) {
                client.configMaps()
                        .inNamespace(namespace)
                        .resource(new ConfigMapBuilder()
                                .withNewMetadata()
                                .withName(name)
                                .endMetadata()
                                .addToData(key, value)
                                .build())
                        .create();
            }
        }
    }

    /** No name in Kubernetes has an underscore. */
    private static String key(WorkloadKey workload) {
        String key = workload.namespace() + "_" + workload.name();
        return key.length() <= MOST_KEY
                ? key
                : UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8)).toString();
    }

    @Override
    public void close() {
        if (informer != null) {
            informer.stop();
        }
    }
}
