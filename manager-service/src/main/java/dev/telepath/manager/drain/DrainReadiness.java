package dev.telepath.manager.drain;

import dev.telepath.manager.session.Draining;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Not ready from the first moment of a drain on, so that nobody new is sent here. */
@Readiness
@Singleton
final class DrainReadiness implements HealthCheck {
    private final Draining draining;

    @Inject
    DrainReadiness(Draining draining) {
        this.draining = draining;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("takes-sessions")
                .status(!draining.begun())
                .build();
    }
}
