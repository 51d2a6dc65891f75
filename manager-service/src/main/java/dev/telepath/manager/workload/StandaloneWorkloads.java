package dev.telepath.manager.workload;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** The agents that have arrived are the workloads. Thread-safe. */
@Singleton
@Typed(StandaloneWorkloads.class)
public final class StandaloneWorkloads implements WorkloadProvider {
    private final Sessions sessions;
    private final Offers offers;

    @Inject
    public StandaloneWorkloads(Sessions sessions, Offers offers) {
        this.sessions = sessions;
        this.offers = offers;
    }

    @Override
    public List<Workload> list(Principal caller, String namespace) {
        var keys = new TreeMap<WorkloadKey, Workload>();
        for (AgentSession agent : sessions.agents()) {
            WorkloadKey key = agent.workload();
            if (caller.sees(agent.owner()) && key.namespace().equals(namespace) && !keys.containsKey(key)) {
                keys.put(key, workload(key, sessions.agents(caller, key)));
            }
        }
        return List.copyOf(keys.values());
    }

    @Override
    public Optional<Workload> find(Principal caller, WorkloadKey key) {
        List<AgentSession> agents = sessions.agents(caller, key);
        return agents.isEmpty() ? Optional.empty() : Optional.of(workload(key, agents));
    }

    @Override
    public List<WorkloadInfo.Kind> kinds() {
        return List.of(WorkloadInfo.Kind.DEPLOYMENT);
    }

    @Override
    public List<Changes> changes() {
        return List.of(sessions.changes(), offers.changes());
    }

    private Workload workload(WorkloadKey key, List<AgentSession> agents) {
        return new Workload(
                key,
                WorkloadInfo.Kind.DEPLOYMENT,
                agents,
                offers.ports(agents),
                WorkloadInfo.State.AVAILABLE,
                List.of());
    }
}
