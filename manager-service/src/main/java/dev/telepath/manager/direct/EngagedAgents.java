package dev.telepath.manager.direct;

import com.google.protobuf.ByteString;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.DirectAgents;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Whom a client may connect to: the agents of the workloads whose traffic it has. Thread-safe; nothing here blocks. */
@Singleton
final class EngagedAgents {
    private final Sessions sessions;
    private final Engagements engagements;
    private final Listeners listeners;

    @Inject
    EngagedAgents(Sessions sessions, Engagements engagements, Listeners listeners) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.listeners = listeners;
    }

    /** What changes the answer. */
    List<Changes> changes() {
        return List.of(listeners.changes(), engagements.changes(), sessions.changes());
    }

    /** Those that listen, each once and with the client's own ticket, sorted by session id. */
    DirectAgents of(ClientSession client) {
        Set<WorkloadKey> engaged = engagements.all().stream()
                .filter(one -> one.client() == client)
                .filter(one -> one.info().getDisposition() == InterceptDispositionType.ACTIVE)
                .map(Engagement::workload)
                .collect(Collectors.toSet());
        if (engaged.isEmpty()) {
            return DirectAgents.getDefaultInstance();
        }
        return DirectAgents.newBuilder()
                .addAllAgents(sessions.agents().stream()
                        .filter(agent -> engaged.contains(agent.workload())
                                && client.owner().sees(agent.owner()))
                        .flatMap(agent -> told(client, agent).stream())
                        .toList())
                .build();
    }

    private Optional<DirectAgent> told(ClientSession client, AgentSession agent) {
        return listeners.of(agent).map(listener -> {
            ByteString ticket = listener.key().ticket(client.id());
            var told = DirectAgent.newBuilder()
                    .setSessionId(agent.id())
                    .setWorkload(agent.workload().name())
                    .setAddress(listener.address())
                    .setPort(listener.port())
                    .setFingerprint(listener.fingerprint())
                    .setTicket(ticket)
                    .setDials(listener.dials());
            // What the API server says, never the agent: a client goes there with its own rights.
            agent.owner()
                    .pod()
                    .filter(pod -> listener.loopbackPort() > 0)
                    .ifPresent(pod -> told.setPod(pod.name())
                            .setNamespace(pod.namespace())
                            .setLoopbackPort(listener.loopbackPort()));
            return told.build();
        });
    }
}
