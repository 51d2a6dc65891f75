package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

/** Takes away agents that came on demand and were of no use for long. Confined to the timer's thread. */
public final class IdleAgents {
    /** Fine enough for a time of at least a minute. */
    private static final Duration TICK = Duration.ofSeconds(15);

    private final DesiredAgents desired;
    private final OnDemandAgents agents;
    private final Predicate<WorkloadKey> used;
    private final Duration limit;
    private final Timer timer;
    private final Executor blocking;
    private final Map<WorkloadKey, Instant> idleSince = new HashMap<>();

    /**
     * @param used whether a client engages the workload
     * @param limit of idleness; zero for none
     * @param blocking runs calls to the API server
     */
    public IdleAgents(
            DesiredAgents desired,
            OnDemandAgents agents,
            Predicate<WorkloadKey> used,
            Duration limit,
            Timer timer,
            Executor blocking) {
        this.desired = desired;
        this.agents = agents;
        this.used = used;
        this.limit = limit;
        this.timer = timer;
        this.blocking = blocking;
    }

    /** Begins, if there is a limit. */
    public void start() {
        if (!limit.isZero()) {
            var _ = timer.every(
                    TICK,
                    () -> look(timer.clock().instant())
                            .forEach(key -> blocking.execute(() -> agents.remove(key, "idle"))));
        }
    }

    /** The workloads whose agents are to go now. */
    List<WorkloadKey> look(Instant now) {
        List<WorkloadKey> all = desired.all();
        idleSince.keySet().retainAll(all);
        for (WorkloadKey key : all) {
            if (used.test(key)) {
                idleSince.put(key, now);
            } else {
                idleSince.putIfAbsent(key, now);
            }
        }
        List<WorkloadKey> gone = all.stream()
                .filter(key -> !idleSince.getOrDefault(key, now).plus(limit).isAfter(now))
                .toList();
        gone.forEach(idleSince::remove);
        return gone;
    }
}
