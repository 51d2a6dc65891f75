package dev.telepath.client.output;

import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Says what goes on once it takes more than a second: on one line that changes where a person watches, else line by line,
 * or not at all. Thread-safe.
 */
public final class Progress implements AutoCloseable {
    private static final long QUIET_MILLIS = 1000;

    /** How it is said. */
    public enum Mode {
        CHANGING,
        PLAIN,
        QUIET;

        /** What {@code --progress} asks for: auto, plain or quiet. */
        public static Mode of(String text, Terminal terminal) {
            return switch (text) {
                case "quiet" -> QUIET;
                case "plain" -> PLAIN;
                default -> terminal.interactive() ? CHANGING : PLAIN;
            };
        }
    }

    private final PrintStream err;
    private final Mode mode;
    private final ScheduledExecutorService clock;
    private final long began = System.nanoTime();
    private String latest = "";
    private String shown = "";
    private boolean ended;

    public Progress(PrintStream err, Mode mode) {
        this.err = err;
        this.mode = mode;
        this.clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("progress").factory());
        clock.schedule(this::show, QUIET_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** What goes on now. */
    public synchronized void say(String text) {
        latest = Visible.of(text);
        if (System.nanoTime() - began >= QUIET_MILLIS * 1_000_000) {
            show();
        }
    }

    private synchronized void show() {
        if (ended || mode == Mode.QUIET || latest.isEmpty() || latest.equals(shown)) {
            return;
        }
        if (mode == Mode.PLAIN) {
            err.println(latest + " ...");
        } else {
            err.print("\r\u001b[K" + latest + " ...");
        }
        err.flush();
        shown = latest;
    }

    @Override
    public synchronized void close() {
        clock.shutdownNow();
        if (!ended && mode == Mode.CHANGING && !shown.isEmpty()) {
            err.print("\r\u001b[K");
            err.flush();
        }
        ended = true;
    }
}
