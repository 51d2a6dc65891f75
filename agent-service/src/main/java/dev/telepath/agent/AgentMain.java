package dev.telepath.agent;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;

/** Entry point: reads the command line before Quarkus starts. */
@QuarkusMain
public final class AgentMain {
    /** Ends the process with the command's exit code. */
    public static void main(String... args) {
        int code = new CommandLine(new AgentCommand())
                .setParameterExceptionHandler((error, arguments) -> AgentCommand.fail(
                        AgentCommand.WRONG_SETTING, error.getMessage() + " (--help lists the options)"))
                .execute(args);
        System.exit(code);
    }
}
