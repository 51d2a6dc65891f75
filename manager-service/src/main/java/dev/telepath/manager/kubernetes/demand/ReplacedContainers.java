package dev.telepath.manager.kubernetes.demand;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.Replacement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Brings containers back that were replaced, once no engagement replaces them any more. Looks at what is, not at what
 * happened, so that none stays away for ever whoever failed in between. Confined to the timer's thread.
 */
public final class ReplacedContainers {
    private static final Duration TICK = Duration.ofSeconds(1);

    private final DesiredAgents desired;
    private final OnDemandAgents agents;
    private final Function<WorkloadKey, Optional<Replacement>> replacing;
    private final Predicate<WorkloadKey> used;
    private final Timer timer;
    private final Absences absences;

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
        this.timer = timer;
        this.absences = new Absences(grace);
    }

    /** Begins. */
    public void start() {
        var _ = timer.every(TICK, this::look);
    }

    private void look() {
        List<WorkloadKey> away = desired.replaced();
        Predicate<WorkloadKey> engaged = key -> replacing.apply(key).isPresent();
        absences.toPutBack(timer.clock().instant(), away, engaged.or(agents::busy))
                .forEach(key -> agents.putBack(key, used.test(key)));
        absences.returned(away, engaged)
                .forEach(key -> replacing.apply(key).ifPresent(again -> agents.replace(key, again)));
    }
}
