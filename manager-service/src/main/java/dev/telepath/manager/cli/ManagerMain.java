package dev.telepath.manager.cli;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;

/** Entry point of {@code telepath-manager}. */
@QuarkusMain
public final class ManagerMain {
    private ManagerMain() {}

    public static void main(String... args) {
        int code = new CommandLine(new ManagerCommand())
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    command.getErr().println("telepath-manager: " + failure.getMessage());
                    return failure instanceof UsageProblem ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
                })
                .execute(args);
        System.exit(code);
    }
}
