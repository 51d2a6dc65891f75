package dev.telepath.client.cli;

import dev.telepath.client.daemon.DaemonApplication;
import io.quarkus.runtime.Quarkus;
import java.nio.file.Path;
import java.util.List;
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
        // As tp quit -s ends it: shutdown hooks would stop Quarkus before the manager is told, and an executable
        // that leaves a JVM's options alone has none (oracle/graal#9568).
        SignalHandler end = signal -> Quarkus.asyncExit(128 + signal.getNumber());
        Signal.handle(new Signal("TERM"), end);
        // Ctrl-C at a command that started the daemon is not meant for it.
        boolean foreground = System.console() != null && System.console().isTerminal();
        for (String each : List.of("HUP", "INT")) {
            Signal.handle(new Signal(each), foreground ? end : SignalHandler.SIG_IGN);
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
