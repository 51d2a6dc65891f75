package dev.telepath.manager.workload;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.protocol.v1.Offering;
import java.util.List;

/**
 * Something that can be engaged.
 *
 * @param agents its agents now, sorted by session id; may be empty
 * @param state whether it does what it should; for people
 * @param services ports of Services that lead to it; none outside of Kubernetes
 * @param ports what its agents said they guard; empty when they said nothing (Telepresence agents do not)
 */
public record Workload(
        WorkloadKey key,
        WorkloadInfo.Kind kind,
        List<AgentSession> agents,
        List<Offering.Port> ports,
        WorkloadInfo.State state,
        List<ServicePort> services) {
    /**
     * A port of a Service that leads to a port of the workload.
     *
     * @param name of the Service's port, may be empty
     * @param port that callers of the Service use, 1 to 65535
     * @param protocol "TCP" or "UDP"
     * @param target port of the workload, as {@link #ports} has it
     */
    public record ServicePort(String service, String uid, String name, int port, String protocol, int target) {}
}
