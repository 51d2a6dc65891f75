package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.ControlClient;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.home.DaemonLauncher;
import dev.telepath.client.output.Format;
import dev.telepath.client.output.Printer;
import dev.telepath.client.output.Progress;
import dev.telepath.client.output.Terminal;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One run of one command: its settings, its printer, and the way to the daemon. One thread; blocks. */
final class Invocation {
    private static final int TAIL_LINES = 5;

    private final Console console;
    private final Settings settings;
    private final GlobalOptions options;
    private final DaemonHome home;
    private final Terminal terminal;
    private final Printer printer;

    Invocation(Console console, Settings settings, GlobalOptions options) {
        this.console = console;
        this.settings = settings;
        this.options = options;
        this.home = DaemonHome.locate(console.environment());
        this.terminal = Terminal.detect(console.environment());
        this.printer = new Printer(console.out(), console.err(), Format.of(settings.text(Setting.OUTPUT)), terminal);
    }

    Settings settings() {
        return settings;
    }

    Console console() {
        return console;
    }

    Printer printer() {
        return printer;
    }

    DaemonHome home() {
        return home;
    }

    /** Prints a result. */
    int print(JsonNode node, java.util.function.Consumer<Printer> asText) {
        printer.result(node, asText);
        return 0;
    }

    /** Asks the daemon that runs. */
    JsonNode ask(String command, ObjectNode args) {
        try (ControlClient client = required()) {
            return ask(client, command, args);
        }
    }

    /** As {@link #ask(String, ObjectNode)}, for what waits for the manager: says meanwhile whether it is away. */
    JsonNode askManager(String command, ObjectNode args) {
        try (ControlClient client = required();
                var notices = notices()) {
            return ask(client, command, args);
        }
    }

    /** Ends an engagement whose command is over. One that is gone already is fine; what else fails is a warning. */
    void leave(String engagement) {
        try {
            ask("leave", args().put("name", engagement));
        } catch (Failure e) {
            if (e.kind() != Kind.NOT_FOUND) {
                printer.warning(e.message());
            }
        }
    }

    /** Asks over an open connection, which stays open. */
    JsonNode ask(ControlClient client, String command, ObjectNode args) {
        try (var progress = new Progress(console.err(), Progress.Mode.of(settings.text(Setting.PROGRESS), terminal))) {
            return client.call(command, args, progress::say);
        }
    }

    /** Says when the connection is suspended and when it is back, unless progress is to be quiet. */
    Notices notices() {
        return Progress.Mode.of(settings.text(Setting.PROGRESS), terminal) == Progress.Mode.QUIET
                ? Notices.none()
                : Notices.follow(running(), console.err());
    }

    static ObjectNode args() {
        return Wire.JSON.createObjectNode();
    }

    /** The daemon, if one runs. */
    Optional<ControlClient> running() {
        return ControlClient.open(home.socket());
    }

    /**
     * The daemon.
     *
     * @throws Failure of kind NOT_CONNECTED when none runs
     */
    ControlClient required() {
        return running()
                .orElseThrow(() -> new Failure(
                        Kind.NOT_CONNECTED,
                        "not connected: no daemon runs",
                        "tp connect --manager host:port --token-file FILE"));
    }

    /** Starts this program once more. */
    DaemonLauncher launcher() {
        return new DaemonLauncher(home, console.environment());
    }

    /** The daemon, started if none runs. */
    ControlClient started() {
        Optional<ControlClient> running = running();
        if (running.isPresent()) {
            return running.get();
        }
        home.create();
        Process process = launcher().start(options.file(), options.debug);
        Duration most = settings.duration(Setting.TIMEOUT_DAEMON);
        long end = System.nanoTime() + most.toNanos();
        try (var progress = new Progress(console.err(), Progress.Mode.of(settings.text(Setting.PROGRESS), terminal))) {
            progress.say("starting the daemon");
            while (System.nanoTime() < end) {
                Optional<ControlClient> client = running();
                if (client.isPresent()) {
                    return client.get();
                }
                if (process.waitFor(30, TimeUnit.MILLISECONDS)) {
                    return running()
                            .orElseThrow(() -> new Failure(
                                    Kind.FAILED, "the daemon ended at once: " + tail(), "see " + home.output()));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroy();
        throw new Failure(
                Kind.TIMED_OUT,
                "the daemon did not start within " + most.toSeconds() + " s: " + tail(),
                "see " + home.output() + "; timeouts.daemon sets the limit");
    }

    private String tail() {
        try {
            List<String> lines = Files.readAllLines(home.output());
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
        } catch (IOException e) {
            return "(no output)";
        }
    }
}
