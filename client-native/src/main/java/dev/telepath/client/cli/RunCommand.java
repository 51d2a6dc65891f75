package dev.telepath.client.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Parameters;

/** {@code tp run}. */
@CommandLine.Command(
        name = "run",
        description =
                "run a command in a network of its own, where it reaches the cluster by name and address as a pod would; "
                        + "needs no privileges, and changes nothing on this machine")
final class RunCommand extends NamespaceCommand {
    @Parameters(index = "0..*", arity = "1..*", paramLabel = "CMD", description = "the command, after --")
    List<String> command = List.of();

    RunCommand(Console console) {
        super(console);
    }

    @Override
    List<String> command(Invocation invocation) {
        return command;
    }
}
