package dev.telepath.manager.service;

import com.google.protobuf.ByteString;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.watch.Delta;
import dev.telepath.manager.watch.Watches;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.AgentInfoDelta;
import dev.telepath.protocol.telepresence.manager.AgentInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.AgentPodInfo;
import dev.telepath.protocol.telepresence.manager.AgentPodInfoDelta;
import dev.telepath.protocol.telepresence.manager.AgentPodInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.AgentsRequest;
import dev.telepath.protocol.telepresence.manager.EnsureAgentRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.filter.SpecFilter;
import io.grpc.Status;
import io.netty.util.NetUtil;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Predicate;

/** Agents as clients see them. Environment is shown only to clients that engage the workload. */
@Singleton
final class AgentCalls {
    private final Sessions sessions;
    private final Engagements engagements;
    private final AgentSupply supply;
    private final WorkloadAccess access;
    private final Watches watches;

    @Inject
    AgentCalls(Sessions sessions, Engagements engagements, AgentSupply supply, WorkloadAccess access, Watches watches) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.supply = supply;
        this.access = access;
        this.watches = watches;
    }

    /** An ingest: the client is lent environment and files of the workload until its session ends. */
    Uni<AgentInfoSnapshot> ensure(EnsureAgentRequest request) {
        ClientSession client =
                sessions.client(Principal.current(), request.getSession().getSessionId());
        var workload = new WorkloadKey(client.namespace(), request.getName());
        return bring(client, workload).map(agents -> {
            engagements.ingests().add(client, workload);
            return AgentInfoSnapshot.newBuilder()
                    .addAllAgents(agents.stream().map(AgentSession::info).toList())
                    .build();
        });
    }

    /**
     * The agents of a workload, at least one, which is brought where that can be. On the event loop of the call.
     *
     * @return fails with NOT_FOUND where none came, PERMISSION_DENIED where the client may not engage the workload
     */
    Uni<List<AgentSession>> bring(ClientSession client, WorkloadKey workload) {
        Executor loop = CallLoop.current();
        return Uni.createFrom()
                .completionStage(access.check(client.owner(), workload).thenCompose(allowed -> supply.bring(workload)))
                .onFailure(CompletionException.class)
                .transform(Throwable::getCause)
                .replaceWith(true)
                .emitOn(loop)
                .map(brought -> attached(client, workload));
    }

    private List<AgentSession> attached(ClientSession client, WorkloadKey workload) {
        List<AgentSession> agents = sessions.agents(client.owner(), workload);
        if (agents.isEmpty()) {
            throw Status.NOT_FOUND
                    .withDescription("no agent of workload " + workload
                            + " is attached; start one with: telepath-agent --name " + workload.name())
                    .asRuntimeException();
        }
        return agents;
    }

    Multi<AgentInfoSnapshot> watch(SessionInfo info) {
        return follow(info, namespace(info), this::shown, AgentCalls::snapshot);
    }

    Multi<AgentInfoSnapshot> watchNamespaces(AgentsRequest request) {
        Set<String> namespaces = Set.copyOf(request.getNamespacesList());
        Predicate<AgentSession> which = namespaces.isEmpty()
                ? namespace(request.getSession())
                : agent -> namespaces.contains(agent.workload().namespace());
        return follow(request.getSession(), which, this::shown, AgentCalls::snapshot);
    }

    Multi<AgentInfoDelta> watchDelta(SessionInfo info) {
        return follow(
                info,
                namespace(info),
                this::shown,
                (before, now) -> Delta.between(before, now)
                        .map(delta -> AgentInfoDelta.newBuilder()
                                .putAllUpserts(delta.upserts())
                                .addAllRemovals(delta.removals())
                                .build()));
    }

    Multi<AgentPodInfoSnapshot> watchPods(SessionInfo info) {
        return follow(
                info,
                namespace(info),
                this::pod,
                (before, now) -> now.equals(before)
                        ? Optional.empty()
                        : Optional.of(AgentPodInfoSnapshot.newBuilder()
                                .addAllAgents(now.values())
                                .build()));
    }

    Multi<AgentPodInfoDelta> watchPodsDelta(SessionInfo info) {
        return follow(
                info,
                namespace(info),
                this::pod,
                (before, now) -> Delta.between(before, now)
                        .map(delta -> AgentPodInfoDelta.newBuilder()
                                .putAllUpserts(delta.upserts())
                                .addAllRemovals(delta.removals())
                                .build()));
    }

    private static Optional<AgentInfoSnapshot> snapshot(
            @org.jspecify.annotations.Nullable Map<String, AgentInfo> before, Map<String, AgentInfo> now) {
        return now.equals(before)
                ? Optional.empty()
                : Optional.of(AgentInfoSnapshot.newBuilder()
                        .addAllAgents(now.values())
                        .build());
    }

    /** The agents of a session's own namespace; all when no session is named. */
    private Predicate<AgentSession> namespace(SessionInfo info) {
        if (info.getSessionId().isEmpty()) {
            return agent -> true;
        }
        String namespace = switch (sessions.own(Principal.current(), info.getSessionId())) {
            case ClientSession client -> client.namespace();
            case AgentSession agent -> agent.workload().namespace();
        };
        return agent -> agent.workload().namespace().equals(namespace);
    }

    private <T, O> Multi<O> follow(
            SessionInfo info,
            Predicate<AgentSession> which,
            Function<Viewed, T> view,
            Watches.Teller<Map<String, T>, O> teller) {
        Principal caller = Principal.current();
        Optional<Session> session = info.getSessionId().isEmpty()
                ? Optional.empty()
                : Optional.of(sessions.own(caller, info.getSessionId()));
        if (session.isEmpty()) {
            caller.require(Role.CLIENT);
        }
        List<Changes> sources = List.of(sessions.changes(), engagements.changes());
        return watches.watch(
                sources,
                () -> {
                    var agents = new LinkedHashMap<String, T>();
                    for (AgentSession agent : sessions.agents()) {
                        if (caller.sees(agent.owner()) && which.test(agent)) {
                            agents.put(agent.id(), view.apply(new Viewed(agent, session)));
                        }
                    }
                    return agents;
                },
                teller,
                () -> session.map(Session::isEnded).orElse(false),
                CallLoop.current());
    }

    /** An agent, and the session that looks at it. */
    private record Viewed(AgentSession agent, Optional<Session> by) {}

    private AgentInfo shown(Viewed viewed) {
        AgentSession agent = viewed.agent();
        boolean lent = viewed.by()
                .map(session -> session == agent
                        || (session instanceof ClientSession client && engagements.engages(client, agent.workload())))
                .orElse(false);
        return lent ? agent.info() : withoutEnvironment(agent.info());
    }

    private static AgentInfo withoutEnvironment(AgentInfo info) {
        var builder = info.toBuilder().clearEnvironment();
        info.getContainersMap()
                .forEach((name, container) -> builder.putContainers(
                        name, container.toBuilder().clearEnvironment().build()));
        return builder.build();
    }

    private AgentPodInfo pod(Viewed viewed) {
        AgentSession agent = viewed.agent();
        AgentInfo info = agent.info();
        byte[] address = NetUtil.createByteArrayFromIpAddressString(info.getPodIp());
        boolean intercepted =
                viewed.by().map(session -> intercepts(session, agent)).orElse(false);
        return AgentPodInfo.newBuilder()
                // Clients of Telepresence forward a port to each pod with a name, and 2.20.2 crashes where it is 0;
                // one without a name is reached by the manager.
                .setPodName(info.getApiPort() > 0 ? info.getPodName() : "")
                .setNamespace(info.getNamespace())
                .setPodIp(address == null ? ByteString.EMPTY : ByteString.copyFrom(address))
                .setApiPort(info.getApiPort())
                .setIntercepted(intercepted)
                .setWorkloadName(info.getName())
                .setPodId(info.getPodUid())
                .build();
    }

    private boolean intercepts(Session session, AgentSession agent) {
        return engagements.all().stream()
                .filter(one -> one.client() == session && one.workload().equals(agent.workload()))
                .filter(one -> one.info().getDisposition() == InterceptDispositionType.ACTIVE)
                .anyMatch(one -> carries(one, agent));
    }

    private static boolean carries(Engagement one, AgentSession agent) {
        return SpecFilter.isSet(one.spec())
                || one.acceptedBy().map(carrier -> carrier == agent).orElse(true);
    }
}
