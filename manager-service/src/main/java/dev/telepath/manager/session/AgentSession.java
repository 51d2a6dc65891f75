package dev.telepath.manager.session;

import dev.telepath.manager.security.Principal;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import java.time.Instant;

/** An agent that has arrived. */
public final class AgentSession extends Session {
    private final AgentInfo info;

    AgentSession(String id, Principal owner, AgentInfo info, Instant now) {
        super(id, owner, now);
        this.info = info;
    }

    /** What it said of itself, environment included. */
    public AgentInfo info() {
        return info;
    }

    public WorkloadKey workload() {
        return new WorkloadKey(info.getNamespace(), info.getName());
    }

    @Override
    public String product() {
        return info.getProduct();
    }
}
