package dev.telepath.agent.share;

import java.util.ArrayDeque;
import java.util.List;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.jboss.logmanager.ExtLogRecord;
import org.jspecify.annotations.Nullable;

/** The last lines of the program's log, kept in memory. Thread-safe. */
public final class RecentLog extends Handler {
    private final int limit;
    private final ArrayDeque<String> lines = new ArrayDeque<>();
    private final Formatter messages = new SimpleFormatter();

    /**
     * @param limit lines kept, 1 or more
     */
    public RecentLog(int limit) {
        this.limit = limit;
    }

    @Override
    public void publish(@Nullable LogRecord entry) {
        if (entry == null || !isLoggable(entry)) {
            return;
        }
        String line;
        try {
            line = entry.getInstant() + " " + entry.getLevel() + " [" + entry.getLoggerName() + "] " + message(entry);
        } catch (RuntimeException e) {
            reportError(null, e, ErrorManager.FORMAT_FAILURE);
            return;
        }
        synchronized (lines) {
            if (lines.size() == limit) {
                lines.removeFirst();
            }
            lines.addLast(line);
        }
    }

    private String message(LogRecord entry) {
        return entry instanceof ExtLogRecord extended ? extended.getFormattedMessage() : messages.formatMessage(entry);
    }

    /** Oldest first. */
    public List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
