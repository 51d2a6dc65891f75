package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.Replacement;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Brings containers back that were replaced, once no engagement replaces them any more. Looks at what is, not at what
 * happened, so that none stays away for ever whoever failed in between. Confined to the timer's thread.
 */
public final class ReplacedContainers {
    private static final Duration TICK = Duration.ofSeconds(1);
    /** A client prepares before it creates, and one whose session is gone creates again at once. */
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final DesiredAgents desired;
    private final OnDemandAgents agents;
    private final Function<WorkloadKey, Optional<Replacement>> replacing;
    private final Predicate<WorkloadKey> used;
    private final Duration grace;
    private final Timer timer;
    private final Map<WorkloadKey, Instant> end = new HashMap<>();
    /** Whose time was over. Their clients may come back all the same, with the engagement. */
    private final Set<WorkloadKey> putBack = new HashSet<>();

    /**
     * @param replacing what engagements replace in a workload; empty when none does
     * @param used whether a client engages the workload in any way
     * @param grace how long clients of an earlier manager have to come back after the start of this one
     */
    public ReplacedContainers(
            DesiredAgents desired,
            OnDemandAgents agents,
            Function<WorkloadKey, Optional<Replacement>> replacing,
            Predicate<WorkloadKey> used,
            Duration grace,
            Timer timer) {
        this.desired = desired;
        this.agents = agents;
        this.replacing = replacing;
        this.used = used;
        this.grace = grace;
        this.timer = timer;
    }

    /** Begins. */
    public void start() {
        var _ = timer.every(TICK, () -> {
            look(timer.clock().instant()).forEach(key -> agents.putBack(key, used.test(key)));
            returned().forEach((key, replacement) -> agents.replace(key, replacement));
        });
    }

    /** Containers that were put back and that an engagement replaces again. */
    Map<WorkloadKey, Replacement> returned() {
        putBack.removeAll(desired.replaced());
        var again = new HashMap<WorkloadKey, Replacement>();
        putBack.forEach(key -> replacing.apply(key).ifPresent(one -> again.put(key, one)));
        putBack.removeAll(again.keySet());
        return again;
    }

    /** The workloads whose containers are to come back now. */
    List<WorkloadKey> look(Instant now) {
        List<WorkloadKey> all = desired.replaced();
        end.keySet().retainAll(all);
        for (WorkloadKey key : all) {
            if (replacing.apply(key).isPresent() || agents.busy(key)) {
                end.put(key, now.plus(LINGER));
            } else {
                // One that was not seen held is of an earlier manager.
                end.putIfAbsent(key, now.plus(grace));
            }
        }
        List<WorkloadKey> over = all.stream()
                .filter(key -> !end.getOrDefault(key, now).isAfter(now))
                .toList();
        over.forEach(key -> end.put(key, now.plus(LINGER)));
        putBack.addAll(over);
        return over;
    }
}
