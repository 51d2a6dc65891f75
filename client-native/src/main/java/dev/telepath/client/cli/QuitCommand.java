package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.control.ControlClient;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** {@code tp quit}. */
@CommandLine.Command(name = "quit", description = "leave all engagements and end the session")
final class QuitCommand extends Command {
    @Option(
            names = {"-s", "--stop-daemons"},
            description = "end the daemon too")
    boolean stop;

    QuitCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        Optional<ControlClient> running = invocation.running();
        if (running.isEmpty()) {
            var nothing = Invocation.args().put("disconnected", false).put("daemon_stopped", false);
            return invocation.print(nothing, printer -> printer.line("Not connected, no daemon runs"));
        }
        long pid = running.get().hello().path("pid").asLong();
        JsonNode result;
        try (ControlClient client = running.get()) {
            result = invocation.ask(client, "quit", Invocation.args().put("stopDaemon", stop));
        }
        if (stop) {
            ProcessHandle.of(pid)
                    .ifPresent(handle -> handle.onExit()
                            .completeOnTimeout(handle, 15, TimeUnit.SECONDS)
                            .join());
        }
        return invocation.print(
                result,
                printer -> printer.line((result.path("disconnected").asBoolean() ? "Disconnected" : "Not connected")
                        + (stop ? ", daemon ended" : "")));
    }
}
