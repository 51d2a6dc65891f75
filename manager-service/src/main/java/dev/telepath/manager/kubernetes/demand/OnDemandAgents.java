package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.Replacement;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * Brings agents into workloads of the cluster when a client needs them, beside what runs there or in a container's place:
 * wants one, has the pods made anew, and waits until it has arrived or it is known why it will not. What failed is undone,
 * so that the workload is as before. Thread-safe.
 */
public final class OnDemandAgents implements AgentSupply {
    private static final Logger LOG = Logger.getLogger(OnDemandAgents.class);
    private static final int MOST_AT_ONCE = 100;

    private final KubernetesClient client;
    private final ClusterView cluster;
    private final DesiredAgents desired;
    private final Sessions sessions;
    private final Offers offers;
    private final Timer timer;
    private final Duration patience;
    private final Executor blocking;
    private final BiFunction<WorkloadKey, Instant, String> whyWithout;
    private final Rollouts rollouts;
    private final Course course;
    private final Map<WorkloadKey, Pending> pending = new ConcurrentHashMap<>();

    /** What is under way with a workload. */
    private record Pending(Optional<Replacement> replacement, CompletableFuture<Void> done) {}

    /**
     * @param patience how long an agent may take to arrive
     * @param blocking runs calls to the API server
     * @param whyWithout says why a pod of a workload that was made after that time came up without an agent
     */
    public OnDemandAgents(
            KubernetesClient client,
            ClusterView cluster,
            DesiredAgents desired,
            Sessions sessions,
            Offers offers,
            Timer timer,
            Duration patience,
            Executor blocking,
            BiFunction<WorkloadKey, Instant, String> whyWithout) {
        this.client = client;
        this.cluster = cluster;
        this.desired = desired;
        this.sessions = sessions;
        this.offers = offers;
        this.timer = timer;
        this.patience = patience;
        this.blocking = blocking;
        this.whyWithout = whyWithout;
        this.rollouts = new Rollouts(client);
        this.course = new Course(cluster, desired, rollouts, timer);
    }

    @Override
    public CompletionStage<Void> bring(WorkloadKey key) {
        Optional<ClusterWorkload> workload = cluster.workload(key);
        if (workload.isEmpty() || arrived(key)) {
            return CompletableFuture.completedFuture(null);
        }
        return started(workload.get(), Optional.empty());
    }

    @Override
    public CompletionStage<Void> replace(WorkloadKey key, Replacement wanted) {
        Optional<ClusterWorkload> workload = cluster.workload(key);
        if (workload.isEmpty()) {
            return CompletableFuture.failedFuture(AgentSupply.besideProcess(key));
        }
        Pending before = pending.get(key);
        if (before != null && before.replacement().isEmpty()) {
            // An agent beside the container comes just now, or the container comes back.
            return before.done().handle((nothing, failure) -> failure).thenCompose(failure -> replace(key, wanted));
        }
        Optional<Replacement> has = desired.replacement(key);
        if (has.isPresent() && !has.get().container().equals(wanted.container())) {
            return CompletableFuture.failedFuture(Status.FAILED_PRECONDITION
                    .withDescription("container "
                            + (has.get().container().isEmpty()
                                    ? "of port " + has.get().port()
                                    : has.get().container())
                            + " of workload " + key
                            + " is replaced already, and only one is at a time; tp leave it first")
                    .asRuntimeException());
        }
        boolean settled = workload.get().state() == WorkloadInfo.State.AVAILABLE;
        return has.isPresent() && before == null && settled && arrived(key)
                ? CompletableFuture.completedFuture(null)
                : started(workload.get(), Optional.of(has.orElse(wanted)));
    }

    private CompletionStage<Void> started(ClusterWorkload workload, Optional<Replacement> replacement) {
        WorkloadKey key = workload.key();
        if (pending.size() >= MOST_AT_ONCE && !pending.containsKey(key)) {
            return CompletableFuture.failedFuture(Status.RESOURCE_EXHAUSTED
                    .withDescription(MOST_AT_ONCE + " workloads wait for their agents already; try again later")
                    .asRuntimeException());
        }
        var fresh = new Pending(replacement, new CompletableFuture<>());
        Pending waiting = pending.putIfAbsent(key, fresh);
        if (waiting == null) {
            fresh.done().whenComplete((nothing, failure) -> pending.remove(key, fresh));
            blocking.execute(() -> begin(workload, fresh));
            waiting = fresh;
        }
        return waiting.done().copy();
    }

    private boolean arrived(WorkloadKey key) {
        return sessions.agents().stream()
                .anyMatch(agent ->
                        agent.workload().equals(key) && offers.of(agent).isPresent());
    }

    private void begin(ClusterWorkload workload, Pending asked) {
        WorkloadKey key = workload.key();
        CompletableFuture<Void> done = asked.done();
        boolean replacing = asked.replacement().isPresent();
        try {
            Instant now = timer.clock().instant();
            Predicate<Pod> fit = replacing ? Injector::replaces : Injector::hasAgent;
            boolean there = (!replacing || desired.replacement(key).isPresent())
                    && rollouts.pods(workload).stream().anyMatch(fit);
            Predicate<Pod> isNew = there ? fit : workload.rolling() ? stamped(now) : createdSince(now);
            var diagnosis = new Diagnosis(
                    Injector.containerName(), Injector.initContainerName(), () -> whyWithout.apply(key, now));
            var wait = new Wait(workload, now, there, replacing, isNew, diagnosis, done);
            wait.start();
            try {
                // What kept its pods away before is told at once, and nothing is changed then.
                if (!there && !done.isDone()) {
                    LOG.infof(
                            "agent wanted workload=%s namespace=%s kind=%s replace=%b",
                            key.name(), key.namespace(), workload.kind(), replacing);
                    course.begin(workload, asked.replacement(), now.toString());
                }
            } finally {
                wait.begun.complete(null);
            }
        } catch (RuntimeException e) {
            LOG.warnf("agent not brought workload=%s namespace=%s cause=\"%s\"", key.name(), key.namespace(), e);
            done.completeExceptionally(Status.FAILED_PRECONDITION
                    .withDescription("the manager could not add an agent to workload " + key + ": " + e.getMessage())
                    .asRuntimeException());
        }
    }

    private static Predicate<Pod> stamped(Instant now) {
        return pod -> {
            Map<String, String> annotations = pod.getMetadata().getAnnotations();
            return annotations != null && now.toString().equals(annotations.get(Rollouts.STAMP));
        };
    }

    private static Predicate<Pod> createdSince(Instant now) {
        Instant second = now.truncatedTo(ChronoUnit.SECONDS);
        return pod -> !Instant.parse(pod.getMetadata().getCreationTimestamp()).isBefore(second);
    }

    /** One workload that waits for its agent. */
    private final class Wait {
        private final ClusterWorkload workload;
        private final boolean there;
        private final boolean replacing;
        private final Bringing bringing;
        private final Diagnosis diagnosis;
        private final CompletableFuture<Void> done;
        /** Done when the workload was changed as far as it will be; nothing is undone before. */
        private final CompletableFuture<Void> begun = new CompletableFuture<>();

        Wait(
                ClusterWorkload workload,
                Instant now,
                boolean there,
                boolean replacing,
                Predicate<Pod> isNew,
                Diagnosis diagnosis,
                CompletableFuture<Void> done) {
            this.workload = workload;
            this.there = there;
            this.replacing = replacing;
            this.bringing = new Bringing(workload, now, isNew, this::look);
            this.diagnosis = diagnosis;
            this.done = done;
        }

        void start() {
            Runnable look = this::look;
            sessions.changes().listen(look);
            offers.changes().listen(look);
            cluster.changes().listen(look);
            Future<?> late = timer.after(patience, this::late);
            done.whenComplete((nothing, failure) -> {
                late.cancel(false);
                sessions.changes().ignore(look);
                offers.changes().ignore(look);
                cluster.changes().ignore(look);
                blocking.execute(bringing::close);
            });
            bringing.open(client);
            look();
        }

        private void look() {
            if (done.isDone()) {
                return;
            }
            if (newArrived() && ((there && !replacing) || rolledOut())) {
                if (done.complete(null)) {
                    LOG.infof(
                            "agent arrived workload=%s namespace=%s",
                            workload.key().name(), workload.key().namespace());
                }
                return;
            }
            Optional<String> failure = cluster.workload(workload.key()).flatMap(ClusterWorkload::failure);
            diagnosis.cause(bringing.pods(), bringing.events(), failure).ifPresent(this::failed);
        }

        /** Agents of old pods do not count where they have the container beside them that is to go. */
        private boolean newArrived() {
            if (!replacing) {
                return arrived(workload.key());
            }
            Set<String> pods = bringing.pods().stream()
                    .map(pod -> pod.getMetadata().getName())
                    .collect(Collectors.toSet());
            return sessions.agents().stream()
                    .anyMatch(agent -> agent.workload().equals(workload.key())
                            && pods.contains(agent.info().getPodName())
                            && offers.of(agent).isPresent());
        }

        /** Before that some callers would still be served by pods without an agent, or by none. */
        private boolean rolledOut() {
            boolean settled = cluster.workload(workload.key())
                    .map(now -> now.state() == WorkloadInfo.State.AVAILABLE)
                    .orElse(false);
            return settled && bringing.pods().stream().anyMatch(Bringing::ready);
        }

        private void failed(String cause) {
            boolean first = done.completeExceptionally(Status.FAILED_PRECONDITION
                    .withDescription("workload " + workload.key() + " gets no agent: " + cause
                            + (there ? "" : "; the workload was put back as it was"))
                    .asRuntimeException());
            if (first) {
                LOG.warnf(
                        "agent did not come workload=%s namespace=%s cause=\"%s\"",
                        workload.key().name(), workload.key().namespace(), cause);
                if (!there) {
                    begun.thenRunAsync(() -> course.undo(workload, bringing.pods()), blocking);
                }
            }
        }

        private void late() {
            if (newArrived() && bringing.pods().stream().anyMatch(Bringing::ready)) {
                LOG.infof(
                        "agent arrived, rollout goes on workload=%s namespace=%s",
                        workload.key().name(), workload.key().namespace());
                done.complete(null);
                return;
            }
            boolean first = done.completeExceptionally(Status.DEADLINE_EXCEEDED
                    .withDescription("no agent of workload " + workload.key() + " has arrived within "
                            + patience.toSeconds() + " s (telepath.manager.agents.arrival): "
                            + diagnosis.progress(bringing.pods())
                            + (replacing
                                    ? "; its container comes back, so try again with a longer time"
                                    : "; it is still wanted, so try again"))
                    .asRuntimeException());
            if (first) {
                LOG.warnf(
                        "agent late workload=%s namespace=%s",
                        workload.key().name(), workload.key().namespace());
            }
        }
    }

    /** Whether something is under way with the workload. */
    boolean busy(WorkloadKey key) {
        return pending.containsKey(key);
    }

    /**
     * Brings a replaced container back, unless something is under way with the workload.
     *
     * @param agentUsed whether its agent is still of use, and stays
     */
    void putBack(WorkloadKey key, boolean agentUsed) {
        var done = new CompletableFuture<Void>();
        var ending = new Pending(Optional.empty(), done);
        if (pending.putIfAbsent(key, ending) == null) {
            done.whenComplete((nothing, failure) -> pending.remove(key, ending));
            blocking.execute(() -> {
                try {
                    course.putBack(key, agentUsed);
                } catch (RuntimeException e) {
                    LOG.warnf(
                            "container not put back, tried again workload=%s namespace=%s cause=\"%s\"",
                            key.name(), key.namespace(), e);
                } finally {
                    done.complete(null);
                }
            });
        }
    }

    @Override
    public CompletionStage<Boolean> remove(String namespace, List<String> names) {
        List<WorkloadKey> wanted = desired.all().stream()
                .filter(key -> key.namespace().equals(namespace))
                .filter(key -> names.isEmpty() || names.contains(key.name()))
                .toList();
        return CompletableFuture.supplyAsync(
                () -> {
                    wanted.forEach(key -> course.remove(key, "uninstalled"));
                    return true;
                },
                blocking);
    }

    /**
     * Takes the agent of one workload away, if it came on demand. Blocks.
     *
     * @param cause for the log
     */
    void remove(WorkloadKey key, String cause) {
        course.remove(key, cause);
    }
}
