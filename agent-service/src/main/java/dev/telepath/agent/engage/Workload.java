package dev.telepath.agent.engage;

import dev.telepath.agent.settings.GuardedPort;
import java.util.List;
import java.util.Map;

/**
 * What the agent guards.
 *
 * @param ports as they listen, so never port 0
 * @param environment lent variables; values may be secret
 */
public record Workload(String name, String namespace, List<GuardedPort> ports, Map<String, String> environment) {
    public Workload {
        ports = List.copyOf(ports);
        environment = Map.copyOf(environment);
    }

    /** Never the environment. */
    @Override
    public String toString() {
        return "Workload[" + namespace + "/" + name + " " + ports + "]";
    }
}
