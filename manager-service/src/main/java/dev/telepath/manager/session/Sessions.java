package dev.telepath.manager.session;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import io.grpc.Status;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * The sessions of this manager. Every look-up names the caller, and finds only what the caller owns. Thread-safe; nothing
 * here blocks.
 */
@Singleton
public final class Sessions {
    private static final Logger LOG = Logger.getLogger(Sessions.class);
    private static final int MOST_DEPARTED = 10_000;

    private final Map<String, Session> sessions = new ConcurrentHashMap<>();
    private final ManagerSettings.SessionSettings settings;
    private final InstantSource clock;
    private final Changes changes = new Changes();
    private final Recent departed = new Recent(MOST_DEPARTED);

    @Inject
    Sessions(ManagerSettings settings, Timer timer) {
        this(settings.sessions(), timer.clock());
    }

    public Sessions(ManagerSettings.SessionSettings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** Fires after every arrival and end. */
    public Changes changes() {
        return changes;
    }

    /** A client arrives. */
    public ClientSession arrive(Principal caller, ClientInfo info) {
        caller.require(Role.CLIENT);
        return add(new ClientSession(UUID.randomUUID().toString(), caller, Arrivals.checked(info), clock.instant()));
    }

    /** An agent arrives. One with the uid of an agent of the same owner takes that one's place. */
    public AgentSession arrive(Principal caller, AgentInfo info) {
        AgentInfo checked = agent(caller, info);
        String id = "agent:" + (checked.getPodUid().isEmpty() ? UUID.randomUUID() : checked.getPodUid());
        Session before = sessions.get(id);
        if (before != null && caller.owns(before.owner()) && before instanceof AgentSession) {
            end(before, "replaced");
        } else if (before != null) {
            id = "agent:" + UUID.randomUUID();
        }
        return add(new AgentSession(id, caller, checked, clock.instant()));
    }

    /** A client is back that this manager may have forgotten. A session that is known stays as it is. */
    public ClientSession restore(Principal caller, String id, ClientInfo info) {
        caller.require(Role.CLIENT);
        Session known = sessions.get(Arrivals.name("session_id", id));
        if (known != null) {
            return client(caller, id);
        }
        return add(new ClientSession(id, caller, Arrivals.checked(info), clock.instant()));
    }

    /** An agent is back that this manager may have forgotten. A session that is known stays as it is. */
    public AgentSession restore(Principal caller, String id, AgentInfo info) {
        caller.require(Role.AGENT);
        Session known = sessions.get(Arrivals.name("session_id", id));
        if (known != null) {
            return agent(caller, id);
        }
        return add(new AgentSession(id, caller, agent(caller, info), clock.instant()));
    }

    private AgentInfo agent(Principal caller, AgentInfo info) {
        caller.require(Role.AGENT);
        AgentInfo checked = Arrivals.checked(info);
        if (!caller.mayGuard(checked.getNamespace(), checked.getName(), checked.getPodName(), checked.getPodUid())) {
            throw Status.PERMISSION_DENIED
                    .withDescription("the token is for agents of "
                            + (caller.pod().isPresent() ? "pod" : "workload") + " \"" + caller.subject()
                            + "\", not of \"" + checked.getName() + "\"")
                    .asRuntimeException();
        }
        var workload = new WorkloadKey(checked.getNamespace(), checked.getName());
        if (caller.legacy()
                && agents().stream()
                        .anyMatch(one -> !one.owner().legacy() && one.workload().equals(workload))) {
            throw Status.FAILED_PRECONDITION
                    .withDescription("workload " + workload + " already has agents that prove who they are")
                    .asRuntimeException();
        }
        return checked;
    }

    private <S extends Session> S add(S session) {
        if (sessions.size() >= settings.max()) {
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription(
                            "the manager has " + settings.max() + " sessions, its most (telepath.manager.sessions.max)")
                    .asRuntimeException();
        }
        if (sessions.putIfAbsent(session.id(), session) != null) {
            throw Status.ABORTED
                    .withDescription("the session is being restored by another call; call again")
                    .asRuntimeException();
        }
        LOG.infof("session opened session=%s %s", session.id(), describe(session));
        changes.fire();
        return session;
    }

    /** The peer is still there. */
    public void remain(Principal caller, String id) {
        own(caller, id).seen(clock.instant());
    }

    /** The peer goes. An unknown session has gone already. */
    public void depart(Principal caller, String id) {
        if (sessions.containsKey(id)) {
            Session session = own(caller, id);
            departed.add(id);
            end(session, "departed");
        }
    }

    /**
     * The caller's own session.
     *
     * @throws io.grpc.StatusRuntimeException NOT_FOUND when there is none, PERMISSION_DENIED when it is another's
     */
    public Session own(Principal caller, String id) {
        Session session = sessions.get(id);
        if (session == null) {
            throw Status.NOT_FOUND
                    .withDescription("Session \"" + id + "\" not found")
                    .asRuntimeException();
        }
        if (!caller.owns(session.owner())) {
            throw Status.PERMISSION_DENIED
                    .withDescription("the session belongs to another caller")
                    .asRuntimeException();
        }
        return session;
    }

    /** The caller's own client session; fails as {@link #own} does. */
    public ClientSession client(Principal caller, String id) {
        if (own(caller, id) instanceof ClientSession client) {
            return client;
        }
        throw Status.PERMISSION_DENIED
                .withDescription("this call is for clients")
                .asRuntimeException();
    }

    /** The caller's own agent session; fails as {@link #own} does. */
    public AgentSession agent(Principal caller, String id) {
        if (own(caller, id) instanceof AgentSession agent) {
            return agent;
        }
        throw Status.PERMISSION_DENIED
                .withDescription("this call is for agents")
                .asRuntimeException();
    }

    /** All agents, sorted by session id. */
    public List<AgentSession> agents() {
        return of(AgentSession.class);
    }

    /** All clients, sorted by session id. */
    public List<ClientSession> clients() {
        return of(ClientSession.class);
    }

    private <S extends Session> List<S> of(Class<S> type) {
        return sessions.values().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .sorted(Comparator.comparing(Session::id))
                .toList();
    }

    /** The agents of a workload that the caller may see, sorted by session id. */
    public List<AgentSession> agents(Principal caller, WorkloadKey workload) {
        return agents().stream()
                .filter(agent -> caller.sees(agent.owner()) && agent.workload().equals(workload))
                .toList();
    }

    /** The session of that id, whoever owns it. */
    public Optional<Session> find(String id) {
        return Optional.ofNullable(sessions.get(id));
    }

    /** Whether the session of that id was ended by its owner, not long ago. */
    public boolean departed(String id) {
        return departed.contains(id) && !sessions.containsKey(id);
    }

    List<Session> all() {
        return List.copyOf(sessions.values());
    }

    void end(Session session, String cause) {
        if (sessions.remove(session.id(), session) && session.end()) {
            LOG.infof("session ended session=%s cause=%s %s", session.id(), cause, describe(session));
            changes.fire();
        }
    }

    private static String describe(Session session) {
        return switch (session) {
            case ClientSession client ->
                "role=client user=\"" + client.owner().subject() + "\" name=\""
                        + client.info().getName() + "\" version="
                        + client.info().getVersion();
            case AgentSession agent ->
                "role=agent workload=" + agent.workload().name() + " namespace="
                        + agent.workload().namespace() + " version="
                        + agent.info().getVersion();
        };
    }
}
