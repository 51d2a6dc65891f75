package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.Offers;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/**
 * Brings agents into workloads of the cluster when a client needs them: wants one, has the pods made anew, and waits until
 * it has arrived or it is known why it will not. What failed is undone, so that the workload is as before. Thread-safe.
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
    private final Function<WorkloadKey, String> whyWithout;
    private final Rollouts rollouts;
    private final Map<WorkloadKey, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();

    /**
     * @param patience how long an agent may take to arrive
     * @param blocking runs calls to the API server
     * @param whyWithout says why a pod of a workload came up without an agent
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
            Function<WorkloadKey, String> whyWithout) {
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
    }

    @Override
    public CompletionStage<Void> bring(WorkloadKey key) {
        Optional<ClusterWorkload> workload = cluster.workload(key);
        if (workload.isEmpty() || arrived(key)) {
            return CompletableFuture.completedFuture(null);
        }
        if (pending.size() >= MOST_AT_ONCE && !pending.containsKey(key)) {
            return CompletableFuture.failedFuture(Status.RESOURCE_EXHAUSTED
                    .withDescription(MOST_AT_ONCE + " workloads wait for their agents already; try again later")
                    .asRuntimeException());
        }
        var fresh = new CompletableFuture<Void>();
        CompletableFuture<Void> waiting = pending.putIfAbsent(key, fresh);
        if (waiting == null) {
            fresh.whenComplete((nothing, failure) -> pending.remove(key, fresh));
            blocking.execute(() -> begin(workload.get(), fresh));
            waiting = fresh;
        }
        return waiting.copy();
    }

    private boolean arrived(WorkloadKey key) {
        return sessions.agents().stream()
                .anyMatch(agent ->
                        agent.workload().equals(key) && offers.of(agent).isPresent());
    }

    private void begin(ClusterWorkload workload, CompletableFuture<Void> done) {
        WorkloadKey key = workload.key();
        try {
            Instant now = timer.clock().instant();
            boolean there = rollouts.pods(workload).stream().anyMatch(Injector::hasAgent);
            Predicate<Pod> isNew = there ? Injector::hasAgent : workload.rolling() ? stamped(now) : createdSince(now);
            var diagnosis =
                    new Diagnosis(Injector.containerName(), Injector.initContainerName(), () -> whyWithout.apply(key));
            var wait = new Wait(workload, now, there, isNew, diagnosis, done);
            wait.start();
            if (!there) {
                LOG.infof(
                        "agent wanted workload=%s namespace=%s kind=%s", key.name(), key.namespace(), workload.kind());
                desired.add(key, workload.kind());
                if (workload.rolling()) {
                    rollouts.roll(workload, now.toString());
                } else {
                    rollouts.delete(rollouts.pods(workload));
                }
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
        private final Bringing bringing;
        private final Diagnosis diagnosis;
        private final CompletableFuture<Void> done;

        Wait(
                ClusterWorkload workload,
                Instant now,
                boolean there,
                Predicate<Pod> isNew,
                Diagnosis diagnosis,
                CompletableFuture<Void> done) {
            this.workload = workload;
            this.there = there;
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
            if (arrived(workload.key()) && (there || rolledOut())) {
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
                    blocking.execute(() -> undo(workload, bringing.pods()));
                }
            }
        }

        private void late() {
            if (arrived(workload.key()) && bringing.pods().stream().anyMatch(Bringing::ready)) {
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
                            + "; it is still wanted, so try again")
                    .asRuntimeException());
            if (first) {
                LOG.warnf(
                        "agent late workload=%s namespace=%s",
                        workload.key().name(), workload.key().namespace());
            }
        }
    }

    /** Brings back the pods of before. */
    private void undo(ClusterWorkload workload, List<Pod> broken) {
        try {
            desired.remove(workload.key());
            if (workload.rolling()) {
                rollouts.roll(workload, workload.annotations().get(Rollouts.STAMP));
            }
            if (!workload.kind().equals("Deployment") && !workload.kind().equals("Rollout")) {
                // These wait for a pod that never gets ready, instead of replacing it.
                rollouts.delete(broken);
            }
        } catch (RuntimeException e) {
            LOG.warnf(
                    "workload not put back workload=%s namespace=%s cause=\"%s\"",
                    workload.key().name(), workload.key().namespace(), e);
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
                    wanted.forEach(key -> remove(key, "uninstalled"));
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
        desired.remove(key);
        LOG.infof("agent removed workload=%s namespace=%s cause=%s", key.name(), key.namespace(), cause);
        cluster.workload(key).ifPresent(workload -> {
            if (workload.rolling()) {
                rollouts.roll(workload, null);
            } else {
                rollouts.delete(rollouts.pods(workload));
            }
        });
    }
}
