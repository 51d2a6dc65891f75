package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;

/** Opens the installation for the server. */
@Singleton
final class SecurityBeans {
    @Produces
    @Singleton
    Tokens tokens(ManagerSettings settings, Timer timer) throws IOException {
        return Installation.open(Path.of(settings.dataDir()), timer.clock()).tokens();
    }
}
