package dev.telepath.agent.attach;

import dev.telepath.protocol.telepresence.manager.LogLevelRequest;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Sets this program's log level for as long as the manager says. Confined to the attachment's event loop. */
final class LogLevel {
    private static final Logger LOG = Logger.getLogger(LogLevel.class);

    /** Kept: a logger without a strong reference may lose its level. */
    private final java.util.logging.Logger ours = java.util.logging.Logger.getLogger("dev.telepath");

    private final EventLoop loop;
    private @Nullable ScheduledFuture<?> reset;

    LogLevel(EventLoop loop) {
        this.loop = loop;
    }

    /** An empty or unknown level restores the configured one; a duration of 0 means until told otherwise. */
    void set(LogLevelRequest request) {
        if (reset != null) {
            reset.cancel(false);
            reset = null;
        }
        Level level = level(request.getLogLevel());
        long seconds = request.getDuration().getSeconds();
        ours.setLevel(level);
        LOG.infof("log level changed level=%s seconds=%d", level == null ? "as configured" : level, seconds);
        if (seconds > 0) {
            reset = loop.schedule(() -> ours.setLevel(null), seconds, TimeUnit.SECONDS);
        }
    }

    private static @Nullable Level level(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "error" -> org.jboss.logmanager.Level.ERROR;
            case "warn", "warning" -> org.jboss.logmanager.Level.WARN;
            case "info" -> org.jboss.logmanager.Level.INFO;
            case "debug" -> org.jboss.logmanager.Level.DEBUG;
            case "trace" -> org.jboss.logmanager.Level.TRACE;
            default -> null;
        };
    }
}
