package dev.telepath.client.cli;

import java.util.List;
import picocli.CommandLine;

/** {@code tp shell}. */
@CommandLine.Command(
        name = "shell",
        description = "open your shell in a network of its own, where every program reaches the cluster as a pod would")
final class ShellCommand extends NamespaceCommand {
    ShellCommand(Console console) {
        super(console);
    }

    @Override
    List<String> command(Invocation invocation) {
        return List.of(invocation.console().environment().getOrDefault("SHELL", "/bin/sh"));
    }
}
