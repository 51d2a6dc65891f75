package dev.telepath.manager.service;

import dev.telepath.manager.settings.ManagerSettings;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** The name of this installation: the same after a restart, another for every CA. */
@Singleton
final class InstallationId {
    private final String id;

    @Inject
    InstallationId(ManagerSettings settings) throws IOException {
        String certificate = Files.readString(Path.of(settings.dataDir()).resolve("ca.crt"));
        this.id = UUID.nameUUIDFromBytes(certificate.getBytes(StandardCharsets.US_ASCII))
                .toString();
    }

    String id() {
        return id;
    }
}
