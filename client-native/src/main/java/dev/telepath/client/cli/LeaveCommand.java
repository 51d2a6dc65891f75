package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine;
import picocli.CommandLine.Parameters;

/** {@code tp leave}. */
@CommandLine.Command(name = "leave", description = "end an engagement")
final class LeaveCommand extends Command {
    @Parameters(index = "0", paramLabel = "NAME", description = "name of the engagement")
    String name;

    LeaveCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        JsonNode result = invocation.askManager("leave", Invocation.args().put("name", name));
        return invocation.print(result, printer -> printer.line("Left " + name));
    }
}
