package dev.telepath.manager.engagement;

import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.WorkloadKey;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Engagements without traffic: which client was lent a workload's environment and files. Thread-safe. */
public final class Ingests {
    private static final int MAX_PER_CLIENT = 1000;

    private final ConcurrentHashMap<ClientSession, Set<WorkloadKey>> byClient = new ConcurrentHashMap<>();

    /** Lends until the client's session ends. */
    public void add(ClientSession client, WorkloadKey workload) {
        Set<WorkloadKey> own = byClient.computeIfAbsent(client, one -> {
            one.ended().whenComplete((nothing, failure) -> byClient.remove(one));
            return ConcurrentHashMap.newKeySet();
        });
        if (own.size() < MAX_PER_CLIENT) {
            own.add(workload);
        }
        if (client.isEnded()) {
            byClient.remove(client);
        }
    }

    boolean has(ClientSession client, WorkloadKey workload) {
        return byClient.getOrDefault(client, Set.of()).contains(workload);
    }

    /** Whether any client is lent environment and files of the workload. */
    public boolean any(WorkloadKey workload) {
        return byClient.values().stream().anyMatch(own -> own.contains(workload));
    }

    /** Ingests of all clients. */
    public int size() {
        return byClient.values().stream().mapToInt(Set::size).sum();
    }
}
