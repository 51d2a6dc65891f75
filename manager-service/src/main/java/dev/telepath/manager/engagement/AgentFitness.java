package dev.telepath.manager.engagement;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import java.util.List;

/** Looks at the agents of a workload as candidates for an engagement. Pure. */
final class AgentFitness {
    private AgentFitness() {}

    /**
     * @param mechanism empty for any
     */
    static Dispositions.Fitness of(List<AgentSession> agents, String mechanism) {
        if (agents.isEmpty()) {
            return Dispositions.Fitness.NONE;
        }
        AgentInfo first = agents.getFirst().info();
        boolean alike = agents.stream()
                .map(AgentSession::info)
                .allMatch(one -> one.getProduct().equals(first.getProduct())
                        && one.getVersion().equals(first.getVersion())
                        && one.getMechanismsList().equals(first.getMechanismsList()));
        if (!alike) {
            return Dispositions.Fitness.INCONSISTENT;
        }
        boolean offered = mechanism.isEmpty()
                || first.getMechanismsList().stream()
                        .anyMatch(one -> one.getName().equals(mechanism));
        return offered ? Dispositions.Fitness.FIT : Dispositions.Fitness.NO_MECHANISM;
    }
}
