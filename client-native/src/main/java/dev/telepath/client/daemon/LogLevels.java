package dev.telepath.client.daemon;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The daemon's own log level, raised or lowered for a time. Thread-safe. */
final class LogLevels implements AutoCloseable {
    /** Held, because the log manager may forget a logger that nobody holds, and its level with it. */
    private final Logger ours = Logger.getLogger("dev.telepath");

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("log-level").factory());
    private final String usual;
    private @Nullable ScheduledFuture<?> reset;

    LogLevels(String usual) {
        this.usual = usual;
        ours.setLevel(level(usual));
    }

    /**
     * @param most how long it holds; zero = until it is set again
     * @throws Failure of kind USAGE for a level that does not exist
     */
    synchronized void set(String name, Duration most) {
        ours.setLevel(level(name));
        ScheduledFuture<?> before = reset;
        if (before != null) {
            before.cancel(false);
        }
        if (!most.isZero()) {
            reset = clock.schedule(() -> ours.setLevel(level(usual)), most.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private static Level level(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "error" -> Level.SEVERE;
            case "warn", "warning" -> Level.WARNING;
            case "info" -> Level.INFO;
            case "debug" -> Level.FINE;
            case "trace" -> Level.FINER;
            default ->
                throw new Failure(Kind.USAGE, "there is no log level " + name, "error, warn, info, debug or trace");
        };
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
