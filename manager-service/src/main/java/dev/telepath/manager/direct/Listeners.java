package dev.telepath.manager.direct;

import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.v1.AgentListener;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Where agents said that they listen, until their session ends. Thread-safe. */
@Singleton
final class Listeners {
    /** Empty for an agent that has stopped, so that the end of each is awaited once. */
    private final Map<AgentSession, Optional<Listener>> listeners = new ConcurrentHashMap<>();

    private final Changes changes = new Changes();

    @Inject
    Listeners(MeterRegistry meters) {
        Gauge.builder("telepath.direct.listeners", this::size).register(meters);
    }

    /** Fires after every word of an agent and after the end of one that listened. */
    Changes changes() {
        return changes;
    }

    /**
     * Replaces what the agent said before. Port 0: it does not listen any more.
     *
     * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT when a field is not as it has to be; what the agent said
     *     before stays
     */
    void put(AgentSession agent, AgentListener told) {
        if (told.getPort() == 0) {
            listeners.computeIfPresent(agent, (same, before) -> Optional.empty());
            changes.fire();
            return;
        }
        boolean first = listeners.put(agent, Optional.of(Listener.of(told))) == null;
        changes.fire();
        if (!first) {
            return;
        }
        agent.ended().whenComplete((nothing, failure) -> {
            listeners.remove(agent);
            changes.fire();
        });
    }

    /** Where the agent listens; empty when it does not. */
    Optional<Listener> of(AgentSession agent) {
        return listeners.getOrDefault(agent, Optional.empty());
    }

    /** Agents that listen. */
    int size() {
        return (int) listeners.values().stream().filter(Optional::isPresent).count();
    }
}
