package dev.telepath.client.cli;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * {@code tp demo}: plays the main job with manager, agent and a sample service on this machine. They come with a checkout, so
 * this looks for the one around the working directory or the program, and hands over to its script.
 */
@CommandLine.Command(name = "demo", description = "play the main job on this machine (from a checkout of Telepath)")
final class DemoCommand extends Command {
    @Option(names = "--script", description = "plain lines, for CI")
    boolean script;

    @Option(names = "--keep", description = "stay up at the end and print where everything listens")
    boolean keep;

    @Option(names = "--native", description = "play it with the native executables")
    boolean executables;

    DemoCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        Path checkout = checkout(Path.of(""))
                .or(() -> ProcessHandle.current().info().command().flatMap(own -> checkout(Path.of(own))))
                .orElseThrow(() -> new Failure(
                        Kind.NOT_FOUND,
                        "there is no checkout of Telepath around here, and the demo's parts come with one",
                        "clone the repository and run ./tp demo in it"));
        List<String> command = new ArrayList<>(List.of(checkout.resolve("tp").toString(), "demo"));
        if (script) {
            command.add("--script");
        }
        if (keep) {
            command.add("--keep");
        }
        if (executables) {
            command.add("--native");
        }
        return new ChildProcess(command, Map.of()).run(() -> {});
    }

    /** The checkout that a path lies in. */
    static Optional<Path> checkout(Path start) {
        for (Path dir = start.toAbsolutePath().normalize(); dir != null; dir = dir.getParent()) {
            if (Files.isExecutable(dir.resolve("tp")) && Files.isDirectory(dir.resolve("integration-tests"))) {
                return Optional.of(dir);
            }
        }
        return Optional.empty();
    }
}
