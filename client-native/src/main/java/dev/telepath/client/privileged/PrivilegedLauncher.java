package dev.telepath.client.privileged;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.platform.Platform;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Starts the privileged process. On Linux as the user, with CAP_NET_ADMIN and nothing else (capabilities(7)); it takes root to give that
 * away, so sudo asks for a password where this is not root already. macOS has no such capability: there it is root's.
 */
public final class PrivilegedLauncher {
    /** The command of this program that it runs. */
    public static final String COMMAND = "privileged";

    private static final String CAPABILITY = "-all,+net_admin";
    private static final String PROMPT = "tp changes this machine's network; password of %p for sudo: ";

    private final DaemonHome home;
    private final List<String> self;

    /**
     * @param self the command that runs this program
     */
    public PrivilegedLauncher(DaemonHome home, List<String> self) {
        this.home = home;
        this.self = List.copyOf(self);
    }

    /**
     * Starts it, and returns when sudo is done. Blocks, as long as a person types a password.
     *
     * @param socket where the daemon waits for it
     * @param nameServer that systemd-resolved may be told of; empty where that does not resolve this machine's names
     * @throws Failure when it may not be started
     */
    public void start(Path socket, Optional<InetAddress> nameServer) {
        try {
            int user = (int) Files.getAttribute(home.folder(), "unix:uid");
            int group = (int) Files.getAttribute(home.folder(), "unix:gid");
            List<String> line = new ArrayList<>(prefix(Platform.current(), user, group, nameServer));
            if (user != 0) {
                run(List.of("sudo", "-v", "-p", PROMPT));
            }
            line.addAll(self);
            line.addAll(List.of(COMMAND, "--socket", socket.toString(), "--user", "" + user));
            if (nameServer.isPresent()) {
                line.add("--resolved");
            }
            run(line);
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "this machine's network cannot be changed: " + e.getMessage(),
                    "sudo is needed, on Linux with util-linux 2.36 or newer; without: tp connect --network proxy",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }

    /**
     * What makes the privileged process of a command.
     *
     * @param user number of the one whose daemon it is
     * @param group that user's
     * @param nameServer that systemd-resolved may be told of
     * @throws Failure where nobody knows how to
     */
    static List<String> prefix(Platform platform, int user, int group, Optional<InetAddress> nameServer) {
        return switch (platform) {
            case LINUX -> {
                List<String> line = new ArrayList<>(user == 0 ? List.of() : List.of("sudo", "-n"));
                line.addAll(List.of("setsid", "--fork"));
                nameServer.ifPresent(server -> line.addAll(ResolvedScript.behind(server)));
                line.addAll(List.of("setpriv", "--reuid", "" + user, "--regid", "" + group));
                line.addAll(List.of("--init-groups", "--inh-caps=" + CAPABILITY, "--ambient-caps=" + CAPABILITY));
                line.addAll(List.of("--bounding-set=" + CAPABILITY, "--no-new-privs", "--"));
                yield List.copyOf(line);
            }
            // There is no setsid(1): sudo goes to the background, and the process leaves the terminal by itself.
            case MACOS -> List.of("sudo", "-n", "-b", "--");
            case OTHER -> throw Platform.noDevice();
        };
    }

    private void run(List<String> line) throws IOException, InterruptedException {
        Path output = home.logs().resolve("privileged.out");
        boolean asks = line.contains("-v");
        ProcessBuilder builder = new ProcessBuilder(line).inheritIO();
        if (!asks) {
            builder.redirectErrorStream(true).redirectOutput(output.toFile());
        }
        int code = builder.start().waitFor();
        if (code != 0) {
            throw new Failure(
                    Kind.DENIED,
                    "you may not change this machine's network: " + line.getFirst() + " ended with " + code,
                    asks ? "without sudo: tp connect --network proxy" : "see " + output);
        }
    }
}
