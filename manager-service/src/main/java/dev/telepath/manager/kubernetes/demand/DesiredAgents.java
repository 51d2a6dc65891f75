package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The workloads that are to have an agent because a client asked for it. Kept in a ConfigMap, so that every replica of the
 * manager injects alike and a new one knows. Thread-safe.
 */
public final class DesiredAgents implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(DesiredAgents.class);
    private static final int MOST_KEY = 253;

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final Set<WorkloadKey> ownYetUnseen = ConcurrentHashMap.newKeySet();
    private volatile Set<WorkloadKey> seen = Set.of();
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
                        seen = Set.of();
                    }
                })
                .exceptionHandler((listed, failure) -> true);
        var _ = informer.start();
    }

    private Resource<ConfigMap> map() {
        return client.configMaps().inNamespace(namespace).withName(name);
    }

    private void read(ConfigMap map) {
        var keys = new HashSet<WorkloadKey>();
        Map<String, String> data = map.getData() == null ? Map.of() : map.getData();
        data.forEach((key, value) -> {
            try {
                var json = new JsonObject(value);
                keys.add(new WorkloadKey(json.getString("namespace", ""), json.getString("name", "")));
            } catch (DecodeException | ClassCastException e) {
                LOG.warnf("desired agent not understood configmap=%s key=%s", name, key);
            }
        });
        ownYetUnseen.removeAll(keys);
        seen = Set.copyOf(keys);
    }

    /** Whether the ConfigMap was looked for once. */
    public boolean synced() {
        return informer != null && informer.hasSynced();
    }

    /** Whether the workload is to have an agent. Does not block. */
    public boolean wants(WorkloadKey workload) {
        return seen.contains(workload) || ownYetUnseen.contains(workload);
    }

    /** All that are to have an agent. */
    public List<WorkloadKey> all() {
        var all = new HashSet<>(seen);
        all.addAll(ownYetUnseen);
        return all.stream().sorted().toList();
    }

    /** Wants an agent for the workload. Blocks. */
    public void add(WorkloadKey workload, String kind) {
        String value = new JsonObject()
                .put("namespace", workload.namespace())
                .put("name", workload.name())
                .put("kind", kind)
                .encode();
        ownYetUnseen.add(workload);
        try {
            patch(key(workload), value);
        } catch (KubernetesClientException e) {
            ownYetUnseen.remove(workload);
            throw e;
        }
    }

    /** Wants none any more. Blocks. */
    public void remove(WorkloadKey workload) {
        ownYetUnseen.remove(workload);
        patch(key(workload), null);
        var left = new HashSet<>(seen);
        left.remove(workload);
        seen = Set.copyOf(left);
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
