package dev.telepath.client.home;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.platform.Executable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Starts the daemon: the same program, in a session of its own, with its output in a file. */
public final class DaemonLauncher {
    private static final Path OWN_COMMAND_LINE = Path.of("/proc/self/cmdline");
    private static final List<String> SETSID = List.of("/usr/bin/setsid", "/bin/setsid");

    private final DaemonHome home;
    private final Map<String, String> environment;

    public DaemonLauncher(DaemonHome home, Map<String, String> environment) {
        this.home = home;
        this.environment = environment;
    }

    /**
     * Starts it and returns at once.
     *
     * @param config passed on as {@code --config}
     * @throws Failure when this program cannot find itself or cannot be started
     */
    public Process start(Optional<Path> config, boolean debug) {
        List<String> command = new ArrayList<>();
        SETSID.stream()
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .ifPresent(command::add);
        command.addAll(self());
        command.add("daemon");
        config.ifPresent(
                file -> command.addAll(List.of("--config", file.toAbsolutePath().toString())));
        if (debug) {
            command.add("--debug");
        }
        try {
            return new ProcessBuilder(command)
                    .directory(home.folder().toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectErrorStream(true)
                    .redirectOutput(home.output().toFile())
                    .start();
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot start the daemon: " + e.getMessage(),
                    "set TELEPATH_TP_COMMAND to the command that runs tp",
                    e);
        }
    }

    /** The command that runs this program, without its arguments. */
    public List<String> self() {
        String named = environment.getOrDefault("TELEPATH_TP_COMMAND", "");
        if (!named.isEmpty()) {
            return Arrays.asList(named.strip().split("\\s+"));
        }
        ProcessHandle.Info info = ProcessHandle.current().info();
        String executable = info.command().orElseThrow(DaemonLauncher::unknown);
        if (Executable.isThis()) {
            return List.of(executable);
        }
        return onJvm(executable, info.arguments().orElseGet(DaemonLauncher::all));
    }

    /** The platform tells no arguments that are longer than a page together, as those of {@code tp run} may be. */
    private static String[] all() {
        try {
            return arguments(Files.readString(OWN_COMMAND_LINE));
        } catch (IOException e) {
            throw unknown();
        }
    }

    /** What is behind the program's name in a command line as proc(5) has it. */
    static String[] arguments(String commandLine) {
        String[] words = commandLine.split("\0", -1);
        return Arrays.copyOfRange(words, Math.min(1, words.length), Math.max(1, words.length - 1));
    }

    /** A short command does without the optimising compiler; a daemon that carries bytes needs it. */
    static List<String> onJvm(String executable, String[] arguments) {
        List<String> command = new ArrayList<>(List.of(executable));
        for (int i = 0; i + 1 < arguments.length; i++) {
            if (arguments[i].startsWith("-XX:TieredStopAtLevel=")) {
                continue;
            }
            command.add(arguments[i]);
            if (arguments[i].equals("-jar")) {
                command.add(Path.of(arguments[i + 1]).toAbsolutePath().toString());
                return command;
            }
        }
        throw unknown();
    }

    private static Failure unknown() {
        return new Failure(
                Kind.FAILED,
                "cannot tell how this program was started, so it cannot start its daemon",
                "set TELEPATH_TP_COMMAND to the command that runs tp");
    }
}
