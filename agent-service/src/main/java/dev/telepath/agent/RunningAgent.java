package dev.telepath.agent;

import dev.telepath.agent.settings.AgentSettings;
import dev.telepath.agent.settings.LentEnvironment;
import dev.telepath.agent.share.RecentLog;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.io.IOException;
import java.util.Optional;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The one agent of this process, from start to shutdown. Thread-safe. */
@ApplicationScoped
class RunningAgent {
    private final AgentSettings settings;
    private final MeterRegistry metrics;
    private volatile @Nullable Agent agent;

    @Inject
    RunningAgent(AgentSettings settings, MeterRegistry metrics) {
        this.settings = settings;
        this.metrics = metrics;
    }

    Agent start() throws IOException {
        Optional<RecentLog> log =
                settings.logLines() > 0 ? Optional.of(new RecentLog(settings.logLines())) : Optional.empty();
        log.ifPresent(handler -> Logger.getLogger("").addHandler(handler));
        Agent started =
                Agent.start(settings, LentEnvironment.of(settings, System.getenv()), metrics, log, AgentVersion.text());
        agent = started;
        return started;
    }

    Optional<Agent> agent() {
        return Optional.ofNullable(agent);
    }

    void stop(@Observes ShutdownEvent shutdown) {
        Agent running = agent;
        if (running != null) {
            running.close();
        }
    }
}
