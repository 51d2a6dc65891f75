package dev.telepath.manager.server;

import dev.telepath.manager.security.Installation;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A fresh data directory for the server under test. */
public final class TestInstallation implements QuarkusTestResourceLifecycleManager {
    private @Nullable Path directory;

    @Override
    public Map<String, String> start() {
        try {
            Path fresh = Files.createTempDirectory("telepath-manager-test");
            directory = fresh;
            Installation.open(fresh, InstantSource.system());
            return Map.of(
                    "telepath.manager.data-dir", fresh.toString(),
                    "telepath.manager.host", "127.0.0.1",
                    "telepath.manager.sessions.silence-limit", "1s",
                    "quarkus.http.host", "127.0.0.1");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        Path old = directory;
        if (old == null) {
            return;
        }
        try (var files = Files.walk(old)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
