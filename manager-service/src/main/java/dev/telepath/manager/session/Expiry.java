package dev.telepath.manager.session;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Ends sessions that were silent for too long. When the wall clock jumps (the host slept), the time that nobody could
 * have called in is not counted as silence. Confined to the timer thread.
 */
@Singleton
public final class Expiry {
    private static final Logger LOG = Logger.getLogger(Expiry.class);
    /** A tick that is late by more is a jump of the clock. */
    private static final Duration JUMP = Duration.ofSeconds(10);

    private final Sessions sessions;
    private final ManagerSettings.SessionSettings settings;
    private final InstantSource clock;
    private @Nullable Instant lastTick;

    @Inject
    Expiry(Sessions sessions, ManagerSettings settings, Timer timer) {
        this(sessions, settings.sessions(), timer.clock());
    }

    Expiry(Sessions sessions, ManagerSettings.SessionSettings settings, InstantSource clock) {
        this.sessions = sessions;
        this.settings = settings;
        this.clock = clock;
    }

    void start(@Observes StartupEvent event, Timer timer) {
        var _ = timer.every(settings.expiryTick(), this::tick);
    }

    /** Looks once. */
    void tick() {
        Instant now = clock.instant();
        correct(now);
        lastTick = now;
        for (Session session : sessions.all()) {
            if (session.lastSeen().plus(limit(session)).isBefore(now)) {
                sessions.end(session, "expired");
            }
        }
    }

    private void correct(Instant now) {
        if (lastTick == null) {
            return;
        }
        Duration jump = Duration.between(lastTick, now).minus(settings.expiryTick());
        if (jump.abs().compareTo(JUMP) > 0) {
            LOG.infof("clock jumped seconds=%d", jump.toSeconds());
            for (Session session : sessions.all()) {
                session.seen(session.lastSeen().plus(jump));
            }
        }
    }

    private Duration limit(Session session) {
        return switch (session) {
            case ClientSession client -> settings.clientExpiry();
            case AgentSession agent when Arrivals.remainsSlowly(agent.info()) -> settings.slowAgentExpiry();
            case AgentSession agent -> settings.agentExpiry();
        };
    }
}
