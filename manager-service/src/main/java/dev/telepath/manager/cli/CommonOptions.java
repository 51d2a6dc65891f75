package dev.telepath.manager.cli;

import dev.telepath.manager.security.Installation;
import dev.telepath.manager.security.KeySecret;
import dev.telepath.manager.settings.ManagerSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Flags of every command. */
final class CommonOptions {
    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "CA, keys and certificates (default: ~/.telepath/manager).")
    private @Nullable String dataDir;

    @Option(names = "--config", paramLabel = "FILE", description = "File of telepath.manager.* properties.")
    private @Nullable Path config;

    ManagerSettings settings() {
        if (dataDir != null) {
            System.setProperty("telepath.manager.data-dir", dataDir);
        }
        ManagerSettings settings = SettingsFile.check(config);
        Ranges.check(settings);
        return settings;
    }

    static Installation open(ManagerSettings settings) {
        try {
            KeySecret.share(settings);
            return Installation.open(settings, InstantSource.system());
        } catch (KeySecret.Unavailable e) {
            throw new IllegalStateException(e.getMessage(), e);
        } catch (IOException e) {
            throw new UsageProblem("cannot use the data directory " + settings.dataDir() + ": " + reason(e)
                    + "; choose another with --data-dir");
        }
    }

    private static String reason(IOException e) {
        return switch (e) {
            case java.nio.file.AccessDeniedException denied -> "no permission for " + denied.getFile();
            case java.nio.file.FileAlreadyExistsException there -> there.getFile() + " is no directory";
            case java.nio.file.FileSystemException other ->
                other.getFile() + (other.getReason() == null ? " cannot be used" : ": " + other.getReason());
            default -> String.valueOf(e.getMessage());
        };
    }
}
