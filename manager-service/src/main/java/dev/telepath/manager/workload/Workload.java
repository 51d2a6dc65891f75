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
 * @param ports what its agents said they guard; empty when they said nothing (Telepresence agents do not)
 */
public record Workload(WorkloadKey key, WorkloadInfo.Kind kind, List<AgentSession> agents, List<Offering.Port> ports) {}
