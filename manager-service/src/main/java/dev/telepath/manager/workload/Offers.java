package dev.telepath.manager.workload;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.v1.Offering;
import io.grpc.Status;
import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** What agents said they guard and lend, until their session ends. Thread-safe. */
@Singleton
public final class Offers {
    private static final int MAX_BYTES = 1024 * 1024;
    private static final int MAX_PORTS = 1000;

    private final Map<String, Offering> offers = new ConcurrentHashMap<>();
    private final Changes changes = new Changes();

    /** Fires after every offer and after the end of an agent that made one. */
    public Changes changes() {
        return changes;
    }

    /**
     * Replaces what the agent said before.
     *
     * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT when it is too large or a port is out of range
     */
    public void put(AgentSession agent, Offering offering) {
        if (offering.getSerializedSize() > MAX_BYTES || offering.getPortsCount() > MAX_PORTS) {
            throw invalid("an offering has at most " + MAX_PORTS + " ports and " + MAX_BYTES + " bytes");
        }
        for (Offering.Port port : offering.getPortsList()) {
            if (port.getPort() < 1 || port.getPort() > 65535) {
                throw invalid("port " + port.getPort() + " is out of range (1 to 65535)");
            }
        }
        boolean first = offers.put(agent.id(), offering) == null;
        changes.fire();
        if (!first) {
            return;
        }
        agent.ended().whenComplete((nothing, failure) -> {
            if (offers.remove(agent.id()) != null) {
                changes.fire();
            }
        });
    }

    /** The offer of an agent. */
    public Optional<Offering> of(AgentSession agent) {
        return Optional.ofNullable(offers.get(agent.id()));
    }

    /** What the agents guard together, each port once. */
    public List<Offering.Port> ports(List<AgentSession> agents) {
        Map<String, Offering.Port> ports = new LinkedHashMap<>();
        for (AgentSession agent : agents) {
            for (Offering.Port port : of(agent).map(Offering::getPortsList).orElse(List.of())) {
                ports.putIfAbsent(port.getPort() + "/" + port.getProtocol() + "/" + port.getName(), port);
            }
        }
        return List.copyOf(ports.values());
    }

    private static RuntimeException invalid(String why) {
        return Status.INVALID_ARGUMENT.withDescription(why).asRuntimeException();
    }
}
