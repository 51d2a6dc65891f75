package dev.telepath.manager.engagement;

import dev.telepath.manager.engagement.Dispositions.Event;
import dev.telepath.manager.engagement.Dispositions.State;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.workload.Replacement;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.tunnel.filter.Overlap;
import dev.telepath.tunnel.filter.RequestHead;
import dev.telepath.tunnel.filter.SpecFilter;
import io.grpc.Status;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * The engagements of this manager: one writer at a time, readers see whole states. Follows the sessions: a client's end
 * removes its engagements, a change of agents reconsiders all. Thread-safe; nothing here blocks.
 */
@Singleton
public final class Engagements {
    private static final Logger LOG = Logger.getLogger(Engagements.class);

    private final Sessions sessions;
    private final ManagerSettings.EngagementSettings settings;
    private final InstantSource clock;
    private final Changes changes = new Changes();
    private final Ingests ingests = new Ingests();
    private final Map<String, Engagement> engagements = new ConcurrentHashMap<>();

    @Inject
    Engagements(Sessions sessions, ManagerSettings settings, Timer timer) {
        this(sessions, settings.engagements(), timer.clock());
    }

    public Engagements(Sessions sessions, ManagerSettings.EngagementSettings settings, InstantSource clock) {
        this.sessions = sessions;
        this.settings = settings;
        this.clock = clock;
        sessions.changes().listen(this::reconsider);
    }

    /** Fires after every change. */
    public Changes changes() {
        return changes;
    }

    /** All, sorted by id. */
    public List<Engagement> all() {
        return List.copyOf(new TreeMap<>(engagements).values());
    }

    /** One by id. */
    public Optional<Engagement> find(String id) {
        return Optional.ofNullable(engagements.get(id));
    }

    /** Clients that took the workload's environment and files without its traffic. */
    public Ingests ingests() {
        return ingests;
    }

    /** Whether the client may see what the workload lends. */
    public boolean engages(ClientSession client, WorkloadKey workload) {
        return ingests.has(client, workload)
                || engagements.values().stream()
                        .anyMatch(
                                one -> one.client() == client && one.workload().equals(workload));
    }

    /** Whether the client diverts or copies the workload's traffic right now. */
    public boolean active(ClientSession client, WorkloadKey workload) {
        return engagements.values().stream()
                .anyMatch(one -> one.client() == client
                        && one.workload().equals(workload)
                        && one.info().getDisposition() == InterceptDispositionType.ACTIVE);
    }

    /** Who keeps the spec from being engaged by this client; empty when nobody does. */
    public Optional<Engagement> holder(ClientSession client, InterceptSpec spec) {
        return engagements.values().stream()
                .filter(one -> one.client() != client || !one.spec().getName().equals(spec.getName()))
                .filter(one -> Dispositions.holdsPort(one.info().getDisposition()))
                .filter(one -> conflict(one, client, spec))
                .filter(one -> one.client() == client || !inactive(one))
                // What another has is the better answer: one's own is easily left.
                .min(Comparator.comparing((Engagement one) -> one.client() == client)
                        .thenComparing(Engagement::id));
    }

    private static boolean conflict(Engagement one, ClientSession client, InterceptSpec spec) {
        return Conflicts.between(one.spec(), spec) || Conflicts.byReplacement(one.spec(), spec, one.client() == client);
    }

    /** What an engagement takes the place of in the workload; empty when none does. */
    public Optional<Replacement> replacement(WorkloadKey workload) {
        return engagements.values().stream()
                .filter(one -> one.spec().getReplace() && one.workload().equals(workload))
                .map(one -> Replacement.of(one.spec()))
                .findFirst();
    }

    private boolean inactive(Engagement one) {
        return one.client().lastSeen().plus(settings.inactiveBlock()).isBefore(clock.instant());
    }

    /**
     * Creates an engagement, and one child for each further port.
     *
     * @param spec with namespace, agent and port filled in
     * @throws io.grpc.StatusRuntimeException ALREADY_EXISTS for a name in use, FAILED_PRECONDITION when another holds the
     *     port, RESOURCE_EXHAUSTED for too many
     */
    public Engagement create(ClientSession client, InterceptSpec spec) {
        return insert(client, spec, (one, fitness) -> Dispositions.first(fitness), InterceptInfo.getDefaultInstance());
    }

    /**
     * Brings back an engagement that the client had at an earlier life of the manager, with id and disposition. An
     * engagement that is known stays as it is; one whose port was taken meanwhile comes back as an agent error.
     */
    public void restore(ClientSession client, InterceptInfo info) {
        String name = info.getSpec().getName();
        if (!info.getId().equals(id(client, name)) || engagements.containsKey(info.getId())) {
            return;
        }
        try {
            insert(client, info.getSpec(), (one, fitness) -> restored(info, fitness), info);
        } catch (io.grpc.StatusRuntimeException refused) {
            LOG.infof(
                    "engagement not restored id=%s cause=%s",
                    info.getId(), refused.getStatus().getDescription());
        }
    }

    private static State restored(InterceptInfo info, Dispositions.Fitness fitness) {
        return info.getDisposition() == InterceptDispositionType.ACTIVE
                ? new State(InterceptDispositionType.ACTIVE, "")
                : Dispositions.first(fitness);
    }

    private interface FirstState {
        State of(Engagement one, Dispositions.Fitness fitness);
    }

    private Engagement insert(ClientSession client, InterceptSpec spec, FirstState first, InterceptInfo base) {
        Engagement created;
        synchronized (this) {
            String id = id(client, spec.getName());
            if (engagements.containsKey(id)) {
                throw Status.ALREADY_EXISTS
                        .withDescription("Intercept named \"" + spec.getName() + "\" already exists")
                        .asRuntimeException();
            }
            List<InterceptSpec> specs = FurtherPorts.of(spec);
            long own = engagements.values().stream()
                    .filter(one -> one.client() == client)
                    .count();
            if (own + specs.size() > settings.maxPerSession()) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription("a session has at most " + settings.maxPerSession()
                                + " engagements (telepath.manager.engagements.max-per-session)")
                        .asRuntimeException();
            }
            specs.forEach(one -> evictOrRefuse(client, one));
            if (client.isEnded()) {
                throw Status.NOT_FOUND
                        .withDescription("Session \"" + client.id() + "\" not found")
                        .asRuntimeException();
            }
            for (InterceptSpec one : specs.reversed()) {
                put(client, one, first, base);
            }
            created = engagements.get(id);
        }
        changes.fire();
        return java.util.Objects.requireNonNull(created);
    }

    private void put(ClientSession client, InterceptSpec spec, FirstState first, InterceptInfo base) {
        var blank = new Engagement(client, null, base.toBuilder().setSpec(spec).build());
        State state = first.of(blank, fitness(blank));
        InterceptInfo info = blank.info().toBuilder()
                .setId(id(client, spec.getName()))
                .setClientSession(dev.telepath.protocol.telepresence.manager.SessionInfo.newBuilder()
                        .setSessionId(client.id()))
                .setDisposition(state.disposition())
                .setMessage(state.message())
                .setModifiedAt(Stamps.of(clock.instant()))
                .build();
        engagements.put(info.getId(), blank.with(info));
        LOG.infof(
                "engagement created id=%s workload=%s namespace=%s port=%d disposition=%s",
                info.getId(), spec.getAgent(), spec.getNamespace(), spec.getContainerPort(), info.getDisposition());
    }

    private void evictOrRefuse(ClientSession client, InterceptSpec spec) {
        Optional<Engagement> holder = holder(client, spec);
        if (holder.isPresent()) {
            throw Status.FAILED_PRECONDITION
                    .withDescription(heldBy(holder.get(), spec))
                    .asRuntimeException();
        }
        List<Engagement> idle = engagements.values().stream()
                .filter(one -> one.client() != client && conflict(one, client, spec) && inactive(one))
                .toList();
        for (Engagement one : idle) {
            engagements.remove(one.id());
            LOG.infof("engagement evicted id=%s cause=owner-inactive", one.id());
        }
    }

    /** Who holds a port, for people. */
    public static String heldBy(Engagement holder, InterceptSpec spec) {
        if (holder.spec().getReplace() || spec.getReplace()) {
            return "workload " + holder.workload() + " is already "
                    + (holder.spec().getReplace() ? "replaced" : "intercepted") + " by "
                    + holder.spec().getClient() + " (\"" + holder.spec().getName() + "\")"
                    + (spec.getReplace() ? ", and a replacement stops it for all" : "")
                    + "; wait until they leave, or use a wiretap";
        }
        String whose = "is already intercepted by " + holder.spec().getClient() + " (\""
                + holder.spec().getName() + "\")";
        String port = "port " + spec.getContainerPort() + " of workload " + holder.workload();
        if (!SpecFilter.isSet(holder.spec())) {
            return port + " " + whose
                    + (SpecFilter.isSet(spec) ? " without a filter" : "")
                    + "; wait until they leave, or use a wiretap";
        }
        String both = holder.spec().getClient() + " has the requests with "
                + SpecFilter.of(holder.spec()).describe();
        return port + " " + whose + ": " + both
                + switch (Conflicts.overlap(holder.spec(), spec)) {
                    case Overlap.Shared(RequestHead example) ->
                        SpecFilter.isSet(spec)
                                ? ", and " + example.describe() + " is for both; choose another filter"
                                : "; give a filter of your own (--http-header NAME=VALUE)";
                    case Overlap.Undecided(String reason) -> ", and " + reason + "; choose another filter";
                    case Overlap.Disjoint none -> "";
                };
    }

    /** The client removes its engagement with all its children. */
    public void remove(ClientSession client, String name) {
        String id = id(client, name);
        List<String> gone = new ArrayList<>();
        synchronized (this) {
            if (engagements.remove(id) == null) {
                throw Status.NOT_FOUND
                        .withDescription("Intercept named \"" + name + "\" not found")
                        .asRuntimeException();
            }
            gone.add(id);
            engagements.values().removeIf(one -> {
                boolean child =
                        one.client() == client && one.isChild() && one.id().startsWith(id + "-");
                return child && gone.add(one.id());
            });
        }
        gone.forEach(one -> LOG.infof("engagement removed id=%s cause=left", one));
        changes.fire();
    }

    /**
     * An agent's word on an engagement of its workload.
     *
     * @throws io.grpc.StatusRuntimeException NOT_FOUND when it is gone, PERMISSION_DENIED for another's workload
     */
    public void review(AgentSession agent, ReviewInterceptRequest review) {
        synchronized (this) {
            Engagement one = engagements.get(review.getId());
            if (one == null) {
                throw Status.NOT_FOUND
                        .withDescription("Intercept with ID \"" + review.getId() + "\" not found")
                        .asRuntimeException();
            }
            if (!one.workload().equals(agent.workload())
                    || !one.client().owner().sees(agent.owner())) {
                throw Status.PERMISSION_DENIED
                        .withDescription("the engagement is of another workload")
                        .asRuntimeException();
            }
            Optional<Engagement> reviewed = Reviews.apply(one, agent, review, Stamps.of(clock.instant()));
            if (reviewed.isEmpty()) {
                return;
            }
            engagements.put(one.id(), reviewed.get());
            LOG.infof(
                    "engagement reviewed id=%s disposition=%s agent=%s",
                    one.id(), reviewed.get().info().getDisposition(), agent.id());
        }
        changes.fire();
    }

    /** Looks at all engagements again after sessions came or went. */
    void reconsider() {
        boolean any;
        synchronized (this) {
            any = removeOrphans();
            for (Engagement one : List.copyOf(engagements.values())) {
                AgentSession carrier = one.carrier();
                boolean lost = carrier != null && carrier.isEnded();
                Event event = lost ? new Event.CarrierLost(fitness(one)) : new Event.Agents(fitness(one));
                State next = Dispositions.next(one.state(), event);
                if (!next.equals(one.state())) {
                    InterceptInfo info = one.info().toBuilder()
                            .setDisposition(next.disposition())
                            .setMessage(next.message())
                            .setModifiedAt(Stamps.of(clock.instant()))
                            .build();
                    engagements.put(one.id(), one.carriedBy(lost ? null : carrier, info));
                    LOG.infof("engagement changed id=%s disposition=%s", one.id(), next.disposition());
                    any = true;
                }
            }
        }
        if (any) {
            changes.fire();
        }
    }

    private boolean removeOrphans() {
        return engagements.values().removeIf(one -> {
            if (one.client().isEnded()) {
                LOG.infof("engagement removed id=%s cause=client-gone", one.id());
                return true;
            }
            return false;
        });
    }

    private Dispositions.Fitness fitness(Engagement one) {
        Principal owner = one.client().owner();
        return AgentFitness.of(
                sessions.agents(owner, one.workload()), one.spec().getMechanism());
    }

    private static String id(ClientSession client, String name) {
        return client.id() + ":" + name;
    }
}
