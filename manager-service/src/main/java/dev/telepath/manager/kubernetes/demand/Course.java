package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.Replacement;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Changes what is wanted of a workload together with its pods, there and back. Blocks; one at a time for each workload. */
final class Course {
    private static final Logger LOG = Logger.getLogger(Course.class);

    private final ClusterView cluster;
    private final DesiredAgents desired;
    private final Rollouts rollouts;
    private final Timer timer;

    Course(ClusterView cluster, DesiredAgents desired, Rollouts rollouts, Timer timer) {
        this.cluster = cluster;
        this.desired = desired;
        this.rollouts = rollouts;
        this.timer = timer;
    }

    /**
     * Wants an agent, and pods that have it.
     *
     * @param replacement what it takes the place of; empty for an agent beside the workload
     * @param stamp of the new pods
     */
    void begin(ClusterWorkload workload, Optional<Replacement> replacement, String stamp) {
        want(workload, replacement);
        renew(workload, stamp);
    }

    private void want(ClusterWorkload workload, Optional<Replacement> replacement) {
        WorkloadKey key = workload.key();
        if (replacement.isEmpty()) {
            desired.put(key, Desired.agent(workload.kind()));
        } else if (desired.replacement(key).isEmpty()) {
            Desired.Before before = desired.find(key)
                    .flatMap(Desired::replaced)
                    .map(Desired.Replaced::before)
                    .orElseGet(() -> new Desired.Before(
                            desired.wants(key), workload.annotations().getOrDefault(Rollouts.STAMP, "")));
            desired.put(key, Desired.replacing(workload.kind(), replacement.get(), before));
        }
    }

    /** Has the pods made anew. Null for those of before any agent. */
    private void renew(ClusterWorkload workload, @Nullable String stamp) {
        if (workload.rolling()) {
            rollouts.roll(workload, stamp);
        } else {
            rollouts.delete(rollouts.pods(workload));
        }
    }

    /** Brings back the pods of before. */
    void undo(ClusterWorkload workload, List<Pod> broken) {
        try {
            Optional<Desired> was = desired.find(workload.key());
            if (was.flatMap(Desired::replaced).isPresent()) {
                putBack(workload.key(), was.get(), false);
            } else {
                desired.remove(workload.key());
                if (workload.rolling()) {
                    rollouts.roll(workload, workload.annotations().get(Rollouts.STAMP));
                }
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

    /**
     * Brings a replaced container back, and the agent of before or none.
     *
     * @param agentUsed whether an agent is still of use, and stays
     */
    void putBack(WorkloadKey key, boolean agentUsed) {
        if (!cluster.synced()) {
            return;
        }
        desired.find(key).filter(was -> was.replaced().isPresent()).ifPresent(was -> putBack(key, was, agentUsed));
    }

    /** Every step may be the last of this manager; the next one does it again. */
    private void putBack(WorkloadKey key, Desired was, boolean agentUsed) {
        Desired.Before before = was.replaced().orElseThrow().before();
        boolean staying = before.agent() || agentUsed;
        desired.put(key, was.ending(staying));
        cluster.workload(key).ifPresent(workload -> {
            String stamp = staying && !before.agent()
                    ? timer.clock().instant().toString()
                    : before.stamp().isEmpty() ? null : before.stamp();
            renew(workload, stamp);
            if (workload.annotations().getOrDefault(Rollouts.STAMP, "").equals(before.stamp())) {
                // The template is as before already, but pods may have been made meanwhile.
                rollouts.delete(rollouts.pods(workload).stream()
                        .filter(Injector::replaces)
                        .toList());
            }
        });
        if (staying) {
            desired.put(key, Desired.agent(was.kind()));
        } else {
            desired.remove(key);
        }
        LOG.infof("container put back workload=%s namespace=%s", key.name(), key.namespace());
    }

    /**
     * Takes the agent of one workload away, if it came on demand. Blocks.
     *
     * @param cause for the log
     */
    void remove(WorkloadKey key, String cause) {
        desired.remove(key);
        LOG.infof("agent removed workload=%s namespace=%s cause=%s", key.name(), key.namespace(), cause);
        cluster.workload(key).ifPresent(workload -> renew(workload, null));
    }
}
