package dev.telepath.manager.session;

import dev.telepath.manager.settings.ManagerSettings;
import java.time.Duration;

/** The defaults. */
public record Settings(int max) implements ManagerSettings.SessionSettings {
    @Override
    public Duration agentExpiry() {
        return Duration.ofSeconds(15);
    }

    @Override
    public Duration slowAgentExpiry() {
        return Duration.ofSeconds(70);
    }

    @Override
    public Duration clientExpiry() {
        return Duration.ofHours(24);
    }

    @Override
    public Duration expiryTick() {
        return Duration.ofSeconds(5);
    }

    @Override
    public Duration silenceLimit() {
        return Duration.ofSeconds(15);
    }
}
