package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine;

/** {@code tp reconnect}. */
@CommandLine.Command(
        name = "reconnect",
        description = "attach again now: cuts the wait of a suspended connection, or makes a live one anew")
final class ReconnectCommand extends Command {
    ReconnectCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        JsonNode result = invocation.ask("reconnect", Invocation.args());
        return invocation.print(
                result,
                printer -> printer.line("Attached to "
                        + result.path("connection").path("manager").asText()));
    }
}
