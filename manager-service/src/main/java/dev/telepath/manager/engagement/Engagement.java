package dev.telepath.manager.engagement;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One client's claim on a workload's traffic. Immutable; a change is a new value under the same id.
 *
 * @param carrier the agent that accepted it; null before one has
 * @param info as peers see it
 */
public record Engagement(ClientSession client, @Nullable AgentSession carrier, InterceptInfo info) {
    private static final String CHILD = "child ";

    public String id() {
        return info.getId();
    }

    public InterceptSpec spec() {
        return info.getSpec();
    }

    public WorkloadKey workload() {
        return new WorkloadKey(spec().getNamespace(), spec().getAgent());
    }

    /** The agent that accepted it. */
    public Optional<AgentSession> acceptedBy() {
        return Optional.ofNullable(carrier);
    }

    /** Whether it is a further port of another engagement, which clients are not shown. */
    public boolean isChild() {
        return spec().getClient().startsWith(CHILD);
    }

    static InterceptSpec child(InterceptSpec parent, int port, int target, String protocol) {
        return parent.toBuilder()
                .setName(parent.getName() + "-" + port + "-" + protocol.toLowerCase(java.util.Locale.ROOT))
                .setClient(CHILD + parent.getClient())
                .clearPodPorts()
                .clearPortIdentifier()
                .setContainerPort(port)
                .setServicePort(port)
                .clearServicePortName()
                .setProtocol(protocol)
                .setTargetPort(target)
                .build();
    }

    Dispositions.State state() {
        return new Dispositions.State(info.getDisposition(), info.getMessage());
    }

    Engagement with(InterceptInfo changed) {
        return new Engagement(client, carrier, changed);
    }

    Engagement carriedBy(@Nullable AgentSession agent, InterceptInfo changed) {
        return new Engagement(client, agent, changed);
    }
}
