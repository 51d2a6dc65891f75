package dev.telepath.agent;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Locale;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready once the guarded ports forward. The manager is told of, but never decides: traffic does not depend on it. */
@Readiness
@ApplicationScoped
class AgentReadiness implements HealthCheck {
    private final RunningAgent running;

    @Inject
    AgentReadiness(RunningAgent running) {
        this.running = running;
    }

    @Override
    public HealthCheckResponse call() {
        var response = HealthCheckResponse.named("guarded-ports")
                .status(running.agent().isPresent());
        running.agent()
                .ifPresent(agent -> response.withData(
                                "manager", agent.connection().name().toLowerCase(Locale.ROOT))
                        .withData("engaged-ports", agent.engagedPorts()));
        return response.build();
    }
}
