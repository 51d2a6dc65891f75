package dev.telepath.client.cli;

import dev.telepath.client.daemon.DaemonApplication;
import io.quarkus.runtime.Quarkus;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** {@code tp daemon}: what {@code tp connect} starts. Ends with {@code tp quit -s} or SIGTERM. */
@CommandLine.Command(name = "daemon", hidden = true, description = "run the daemon in the foreground")
final class DaemonCommand extends Command {
    DaemonCommand(Console console) {
        super(console);
    }

    @Override
    int run(Invocation invocation) {
        if (System.console() == null || !System.console().isTerminal()) {
            // Ctrl-C at a command that started the daemon is not meant for it.
            Signal.handle(new Signal("HUP"), SignalHandler.SIG_IGN);
            Signal.handle(new Signal("INT"), SignalHandler.SIG_IGN);
        }
        var exit = new AtomicInteger();
        String[] args = invocation
                .settings()
                .file()
                .map(Path::toString)
                .map(file -> new String[] {file})
                .orElse(new String[0]);
        Quarkus.run(DaemonApplication.class, (code, failure) -> exit.set(failure == null ? code : 1), args);
        return exit.get();
    }
}
