package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.config.Quantity;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tp loglevel}. */
@CommandLine.Command(name = "loglevel", description = "change the log level of daemon, manager and agents for a time")
final class LogLevelCommand extends Command {
    private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");

    @Parameters(index = "0", paramLabel = "LEVEL", description = "error, warn, info, debug or trace")
    String level;

    @Option(
            names = {"-d", "--duration"},
            paramLabel = "TIME",
            defaultValue = "30m",
            description = "how long, e.g. 10m; 0s = until it is set again (default ${DEFAULT-VALUE})")
    String duration;

    @Option(
            names = {"-l", "--local-only"},
            description = "only the daemon's")
    boolean localOnly;

    @Option(
            names = {"-r", "--remote-only"},
            description = "only the manager's and agents'")
    boolean remoteOnly;

    LogLevelCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        if (!LEVELS.contains(level)) {
            throw new Failure(Kind.USAGE, "there is no log level " + level, "one of " + String.join(", ", LEVELS));
        }
        try {
            Quantity.duration(duration);
        } catch (IllegalArgumentException e) {
            throw new Failure(Kind.USAGE, "--duration: " + e.getMessage(), "for instance --duration 10m", e);
        }
        JsonNode result = invocation.askManager(
                "loglevel",
                Invocation.args()
                        .put("level", level)
                        .put("duration", duration)
                        .put("localOnly", localOnly)
                        .put("remoteOnly", remoteOnly));
        return invocation.print(result, printer -> printer.line("Log level " + level + " for " + duration));
    }
}
