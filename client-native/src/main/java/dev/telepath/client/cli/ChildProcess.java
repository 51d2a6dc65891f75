package dev.telepath.client.cli;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import sun.misc.Signal;

/**
 * Runs a command in the foreground with a workload's environment. Signals that end {@code tp} are handed on, and
 * {@code tp} ends when the command has, with its exit code (the shell's 128 + n for a signal).
 */
final class ChildProcess {
    private final List<String> command;
    private final Map<String, String> variables;

    ChildProcess(List<String> command, Map<String, String> variables) {
        this.command = command;
        this.variables = variables;
    }

    /**
     * Runs it to its end.
     *
     * @param afterwards runs whatever became of it
     * @return its exit code
     * @throws Failure when it cannot be started
     */
    int run(Runnable afterwards) {
        try {
            var builder = new ProcessBuilder(command).inheritIO();
            builder.environment().putAll(variables);
            Process process = builder.start();
            Signal.handle(new Signal("INT"), signal -> forward(process, "INT"));
            Signal.handle(new Signal("TERM"), signal -> process.destroy());
            return process.waitFor();
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot run " + command.getFirst() + ": " + e.getMessage(),
                    "give the command after --, as a shell would find it",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        } finally {
            afterwards.run();
        }
    }

    /** A terminal sends Ctrl-C to the whole foreground group, so the command has it already. */
    private static void forward(Process process, String signal) {
        java.io.Console console = System.console();
        if (console != null && console.isTerminal()) {
            return;
        }
        try {
            new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start();
        } catch (IOException e) {
            process.destroy();
        }
    }
}
