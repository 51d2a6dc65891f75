package dev.telepath.manager.service;

import com.google.protobuf.Timestamp;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.watch.Delta;
import dev.telepath.manager.watch.Watches;
import dev.telepath.manager.workload.Workload;
import dev.telepath.manager.workload.WorkloadProvider;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.KnownWorkloadKinds;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.WorkloadEvent;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsDelta;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsRequest;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.tunnel.filter.SpecFilter;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Workloads as clients list them. */
@Singleton
final class WorkloadCalls {
    private final Sessions sessions;
    private final Engagements engagements;
    private final WorkloadProvider workloads;
    private final Watches watches;
    private final Timer timer;

    @Inject
    WorkloadCalls(
            Sessions sessions, Engagements engagements, WorkloadProvider workloads, Watches watches, Timer timer) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.workloads = workloads;
        this.watches = watches;
        this.timer = timer;
    }

    Uni<KnownWorkloadKinds> kinds(SessionInfo session) {
        sessions.own(Principal.current(), session.getSessionId());
        return Uni.createFrom()
                .item(KnownWorkloadKinds.newBuilder()
                        .addAllKinds(workloads.kinds())
                        .build());
    }

    /** The first message is the full state, whatever time the client asks from: it is a superset of what it missed. */
    Multi<WorkloadEventsDelta> watch(WorkloadEventsRequest request) {
        ClientSession client =
                sessions.client(Principal.current(), request.getSessionInfo().getSessionId());
        String namespace = request.getNamespace().isEmpty() ? client.namespace() : request.getNamespace();
        List<Changes> sources = new ArrayList<>(workloads.changes());
        sources.add(engagements.changes());
        return watches.watch(sources, () -> state(client, namespace), this::tell, client::isEnded, CallLoop.current());
    }

    private Map<String, WorkloadInfo> state(ClientSession client, String namespace) {
        var infos = new LinkedHashMap<String, WorkloadInfo>();
        List<Engagement> all = engagements.all();
        for (Workload workload : workloads.list(client.owner(), namespace)) {
            infos.put(workload.key().name(), info(workload, all));
        }
        return infos;
    }

    private static WorkloadInfo info(Workload workload, List<Engagement> all) {
        List<WorkloadInfo.Intercept> clients = all.stream()
                .filter(one -> one.workload().equals(workload.key()) && !one.isChild())
                .filter(one -> one.info().getDisposition() == InterceptDispositionType.ACTIVE)
                .map(one -> WorkloadInfo.Intercept.newBuilder()
                        .setClient(one.spec().getClient())
                        .setFilter(
                                SpecFilter.isSet(one.spec())
                                        ? SpecFilter.of(one.spec()).describe()
                                        : "")
                        .build())
                .toList();
        String uid =
                "telepath:" + workload.key().namespace() + "/" + workload.key().name();
        return WorkloadInfo.newBuilder()
                .setKind(workload.kind())
                .setName(workload.key().name())
                .setNamespace(workload.key().namespace())
                .setUid(UUID.nameUUIDFromBytes(uid.getBytes(StandardCharsets.UTF_8))
                        .toString())
                .setState(workload.state())
                .setAgentState(agentState(workload, !clients.isEmpty()))
                .addAllInterceptClients(clients)
                .build();
    }

    private static WorkloadInfo.AgentState agentState(Workload workload, boolean engaged) {
        if (workload.agents().isEmpty()) {
            return WorkloadInfo.AgentState.NO_AGENT_UNSPECIFIED;
        }
        return engaged ? WorkloadInfo.AgentState.INTERCEPTED : WorkloadInfo.AgentState.INSTALLED;
    }

    private Optional<WorkloadEventsDelta> tell(
            @Nullable Map<String, WorkloadInfo> before, Map<String, WorkloadInfo> now) {
        return Delta.between(before, now).map(delta -> {
            Instant at = timer.clock().instant();
            var message = WorkloadEventsDelta.newBuilder()
                    .setSince(Timestamp.newBuilder()
                            .setSeconds(at.getEpochSecond())
                            .setNanos(at.getNano()));
            delta.upserts()
                    .forEach((name, info) -> message.addEvents(event(
                            before != null && before.containsKey(name)
                                    ? WorkloadEvent.Type.MODIFIED
                                    : WorkloadEvent.Type.ADDED_UNSPECIFIED,
                            info)));
            for (String name : delta.removals()) {
                WorkloadInfo gone = before == null ? null : before.get(name);
                if (gone != null) {
                    message.addEvents(event(WorkloadEvent.Type.DELETED, gone));
                }
            }
            return message.build();
        });
    }

    private static WorkloadEvent event(WorkloadEvent.Type type, WorkloadInfo info) {
        return WorkloadEvent.newBuilder().setType(type).setWorkload(info).build();
    }
}
