package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.daemon.Version;
import picocli.CommandLine;

/** {@code tp restart}. */
@CommandLine.Command(
        name = "restart",
        description = "put a daemon of this tp in the place of the one that runs; session and engagements stay")
final class RestartCommand extends Command {
    RestartCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        var replacement = Replacement.of(invocation, invocation.required());
        try (ControlClient client = replacement.client()) {
            JsonNode connected = replacement.connect(invocation);
            ObjectNode result = Invocation.args()
                    .put("version_before", replacement.before())
                    .put("version", Version.current())
                    .put("pid", client.hello().path("pid").asLong());
            result.setAll((ObjectNode) connected);
            return invocation.print(result, printer -> {
                printer.line("Restarted the daemon: " + replacement.before() + ", now " + Version.current());
                ConnectCommand.restored(connected).ifPresent(printer::line);
                if (connected.has("proxy")) {
                    ConnectCommand.proxy(printer, connected);
                }
            });
        }
    }
}
