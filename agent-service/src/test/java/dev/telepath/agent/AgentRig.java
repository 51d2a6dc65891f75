package dev.telepath.agent;

import dev.telepath.agent.settings.TestSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A real agent between a real workload, a local process and a fake manager, all in this process. */
final class AgentRig implements AutoCloseable {
    final LineServer workload = new LineServer("workload");
    final LineServer local = new LineServer("local");
    final FakeManager manager;
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final Agent agent;

    AgentRig(Set<String> missing) throws IOException {
        this(missing, Map.of());
    }

    AgentRig(Set<String> missing, Map<String, String> settings) throws IOException {
        manager = new FakeManager(missing);
        var all = new HashMap<>(settings);
        String ports = "0=127.0.0.1:" + workload.port() + ":http";
        agent = Agent.start(
                TestSettings.of(manager.address(), ports, all),
                Map.of("LENT", "value"),
                metrics,
                Optional.empty(),
                "0.1.0");
    }

    int port() {
        return agent.fronts().getFirst().actual().port();
    }

    String ask(String line) throws IOException {
        return LineServer.ask(port(), line);
    }

    double counter(String name, String... tags) {
        var found = metrics.find(name).tags(tags).counter();
        return found == null ? 0 : found.count();
    }

    double gauge(String name) {
        return metrics.get(name).gauge().value();
    }

    @Override
    public void close() throws IOException {
        agent.close();
        manager.close();
        workload.close();
        local.close();
    }
}
