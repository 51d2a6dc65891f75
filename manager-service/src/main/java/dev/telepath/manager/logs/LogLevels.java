package dev.telepath.manager.logs;

import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Changes;
import dev.telepath.protocol.telepresence.manager.LogLevelRequest;
import io.grpc.Status;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The log level of manager and agents, set for a while. When the time is over, or the level is set to the one before, all
 * go back. Thread-safe.
 */
@Singleton
public final class LogLevels {
    private static final org.jboss.logging.Logger LOG = org.jboss.logging.Logger.getLogger(LogLevels.class);
    private static final String CATEGORY = "dev.telepath";

    private final Timer timer;
    private final Changes changes = new Changes();
    // A field, because the log manager holds its loggers weakly.
    private final Logger category = Logger.getLogger(CATEGORY);
    private final @Nullable Level configured = category.getLevel();
    private @Nullable LogLevelRequest current;
    private @Nullable Future<?> reset;

    @Inject
    public LogLevels(Timer timer) {
        this.timer = timer;
    }

    /** Fires after every change. */
    public Changes changes() {
        return changes;
    }

    /** What was set last and told to agents; empty when nothing was set since the start. */
    public synchronized Optional<LogLevelRequest> current() {
        return Optional.ofNullable(current);
    }

    /**
     * Sets the level.
     *
     * @param life how long; zero until the next call
     * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT for an unknown word
     */
    public void set(String level, Duration life) {
        Level parsed = parse(level);
        synchronized (this) {
            apply(parsed, level.toLowerCase(Locale.ROOT), life);
            if (!life.isZero()) {
                reset = timer.after(life, this::back);
            }
        }
        LOG.infof("log level set level=%s seconds=%d", level, life.toSeconds());
        changes.fire();
    }

    private void back() {
        synchronized (this) {
            apply(configured, "info", Duration.ZERO);
        }
        LOG.info("log level back to its setting");
        changes.fire();
    }

    private void apply(@Nullable Level level, String label, Duration life) {
        if (reset != null) {
            reset.cancel(false);
            reset = null;
        }
        category.setLevel(level);
        current = LogLevelRequest.newBuilder()
                .setLogLevel(label)
                .setDuration(com.google.protobuf.Duration.newBuilder().setSeconds(life.toSeconds()))
                .build();
    }

    private static Level parse(String level) {
        return switch (level.toLowerCase(Locale.ROOT)) {
            case "trace" -> org.jboss.logmanager.Level.TRACE;
            case "debug" -> org.jboss.logmanager.Level.DEBUG;
            case "info" -> org.jboss.logmanager.Level.INFO;
            case "warn", "warning" -> org.jboss.logmanager.Level.WARN;
            case "error" -> org.jboss.logmanager.Level.ERROR;
            default ->
                throw Status.INVALID_ARGUMENT
                        .withDescription("log_level is one of: trace, debug, info, warning, error")
                        .asRuntimeException();
        };
    }
}
