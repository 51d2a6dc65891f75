package dev.telepath.client.home;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * The daemon's private folder (mode 0700): {@code TELEPATH_HOME}, else {@code $XDG_RUNTIME_DIR/telepath}, else
 * {@code /tmp/telepath-USER}.
 *
 * @param folder absolute
 */
public record DaemonHome(Path folder) {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");
    /** Unix socket addresses are cut at 104 bytes on the narrowest system. */
    private static final int MAX_SOCKET_PATH = 103;

    /** The folder that the environment names; nothing is created. */
    public static DaemonHome locate(Map<String, String> environment) {
        String named = environment.getOrDefault("TELEPATH_HOME", "");
        if (!named.isEmpty()) {
            return new DaemonHome(Path.of(named).toAbsolutePath());
        }
        String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (!runtime.isEmpty() && Files.isWritable(Path.of(runtime))) {
            return new DaemonHome(Path.of(runtime, "telepath").toAbsolutePath());
        }
        return new DaemonHome(Path.of("/tmp", "telepath-" + System.getProperty("user.name", "unknown")));
    }

    /**
     * Makes the folder if it is not there.
     *
     * @throws Failure when it cannot be made, belongs to somebody else, or its path is too long for a socket
     */
    public void create() {
        try {
            if (gateway().toString().length() > MAX_SOCKET_PATH) {
                throw new Failure(
                        Kind.USAGE,
                        "the path " + gateway() + " is too long for a Unix socket (at most " + MAX_SOCKET_PATH
                                + " bytes)",
                        "set TELEPATH_HOME to a shorter folder");
            }
            if (!Files.isDirectory(folder)) {
                Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PRIVATE));
            }
            String owner = Files.getOwner(folder).getName();
            if (!owner.equals(System.getProperty("user.name"))) {
                throw new Failure(
                        Kind.FAILED,
                        folder + " belongs to " + owner + ", tp does not use it",
                        "set TELEPATH_HOME to a folder of your own");
            }
            if (!Files.getPosixFilePermissions(folder).equals(PRIVATE)) {
                Files.setPosixFilePermissions(folder, PRIVATE);
            }
            Files.createDirectories(logs());
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot make the folder " + folder + ": " + e.getMessage(),
                    "set TELEPATH_HOME to a writable folder",
                    e);
        }
    }

    public Path socket() {
        return folder.resolve("daemon.sock");
    }

    /** Where processes in network namespaces reach the daemon. */
    public Path gateway() {
        return folder.resolve("gateway.sock");
    }

    public Path lock() {
        return folder.resolve("daemon.lock");
    }

    public Path logs() {
        return folder.resolve("logs");
    }

    /** What the daemon writes before its log file is open, and when it dies. */
    public Path output() {
        return logs().resolve("daemon.out");
    }

    public Path journal() {
        return folder.resolve("journal.json");
    }
}
