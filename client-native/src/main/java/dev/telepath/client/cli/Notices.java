package dev.telepath.client.cli;

import dev.telepath.client.control.ControlClient;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.output.Visible;
import java.io.PrintStream;
import java.util.Optional;

/**
 * Says in one line each, while a command waits or runs, that the connection is suspended and that it is back. Owns a
 * thread and a connection to the daemon; news that cannot be had are not worth a word.
 */
final class Notices implements AutoCloseable {
    private final Optional<ControlClient> client;

    private Notices(Optional<ControlClient> client) {
        this.client = client;
    }

    static Notices none() {
        return new Notices(Optional.empty());
    }

    static Notices follow(Optional<ControlClient> client, PrintStream err) {
        client.ifPresent(daemon -> Thread.ofPlatform().daemon().name("notices").start(() -> follow(daemon, err)));
        return new Notices(client);
    }

    private static void follow(ControlClient daemon, PrintStream err) {
        try {
            daemon.call("notices", Invocation.args(), text -> {
                err.println("tp: " + Visible.of(text));
                err.flush();
            });
        } catch (Failure e) {
            // The daemon ended or is older, or the command did: the command itself tells what matters of that.
            return;
        }
    }

    @Override
    public void close() {
        client.ifPresent(ControlClient::close);
    }
}
