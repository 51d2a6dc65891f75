package dev.telepath.client.run;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Starts programs in namespaces of their own, by {@code unshare} of util-linux: a process with several threads, as this one is,
 * cannot enter a user namespace itself (user_namespaces(7)).
 */
public final class Namespaces {
    private static final List<String> UNSHARE = List.of(
            "unshare", "--user", "--map-current-user", "--keep-caps", "--net", "--mount", "--propagation", "private");
    private static final int TRY_SECONDS = 10;
    private static final Path APPARMOR = Path.of("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    private static final Path DEBIAN = Path.of("/proc/sys/kernel/unprivileged_userns_clone");
    private static final Path MOST = Path.of("/proc/sys/user/max_user_namespaces");

    private Namespaces() {}

    /** The command line that runs another in fresh namespaces. */
    public static List<String> enter(List<String> command) {
        List<String> line = new ArrayList<>(UNSHARE);
        line.add("--");
        line.addAll(command);
        return line;
    }

    /**
     * Sees whether the system allows it. Blocks for some milliseconds.
     *
     * @throws Failure with the setting that forbids it, and how it is changed
     */
    public static void check() {
        String said;
        try {
            Process process = new ProcessBuilder(enter(List.of("true")))
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            said = new String(process.getInputStream().readNBytes(1000), StandardCharsets.UTF_8).strip();
            if (process.waitFor(TRY_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
                return;
            }
            process.destroy();
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "tp run needs unshare, which cannot be run: " + e.getMessage(),
                    "install util-linux 2.36 or newer",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
        throw new Failure(
                Kind.FAILED,
                "this system does not let its users make namespaces: "
                        + said.lines().findFirst().orElse("no word why"),
                hint(said));
    }

    private static String hint(String said) {
        if (said.contains("unrecognized option") || said.contains("invalid option")) {
            return "util-linux is older than 2.36; or use the proxy: eval \"$(tp env)\"";
        }
        if (value(APPARMOR).equals("1")) {
            return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; or use the proxy: eval \"$(tp env)\"";
        }
        if (value(DEBIAN).equals("0")) {
            return "sudo sysctl kernel.unprivileged_userns_clone=1; or use the proxy: eval \"$(tp env)\"";
        }
        if (value(MOST).equals("0")) {
            return "sudo sysctl user.max_user_namespaces=10000; or use the proxy: eval \"$(tp env)\"";
        }
        return "a container needs its runtime to allow it; or use the proxy: eval \"$(tp env)\"";
    }

    private static String value(Path setting) {
        try {
            return Files.readString(setting).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
