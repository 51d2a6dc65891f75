package dev.telepath.manager.logs;

import dev.telepath.manager.settings.ManagerSettings;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;

/** The manager's recent log lines, for {@code GetLogs}. The oldest go when it is full. Thread-safe. */
@Singleton
public final class LogRing extends Handler {
    private static final int MAX_LINE = 4096;
    private static final int FIRST = 1;

    private final Deque<String> lines = new ArrayDeque<>();
    private final int capacity;
    private final Formatter formatter = new SimpleFormatter();

    @Inject
    LogRing(ManagerSettings settings) {
        this.capacity = settings.logs().lines();
    }

    void start(@Observes @Priority(FIRST) StartupEvent event) {
        LogManager.getLogManager().getLogger("").addHandler(this);
    }

    @Override
    public void publish(LogRecord record) {
        String line = DateTimeFormatter.ISO_INSTANT.format(
                        Instant.ofEpochMilli(record.getMillis()).atOffset(ZoneOffset.UTC))
                + " " + record.getLevel() + " " + record.getLoggerName() + " " + message(record);
        String cut = line.length() > MAX_LINE ? line.substring(0, MAX_LINE) : line;
        synchronized (lines) {
            if (lines.size() >= capacity) {
                lines.removeFirst();
            }
            lines.addLast(cut);
        }
    }

    private String message(LogRecord record) {
        if (record instanceof org.jboss.logmanager.ExtLogRecord extended) {
            return extended.getFormattedMessage();
        }
        return formatter.formatMessage(record);
    }

    /** Lines kept now. */
    public int size() {
        synchronized (lines) {
            return lines.size();
        }
    }

    /** The lines, oldest first, each ended by a line feed; the newest that fit into so many characters. */
    public String text(int most) {
        var newest = new ArrayDeque<String>();
        int length = 0;
        synchronized (lines) {
            var backwards = lines.descendingIterator();
            while (backwards.hasNext()) {
                String line = backwards.next();
                length += line.length() + 1;
                if (length > most) {
                    break;
                }
                newest.addFirst(line);
            }
        }
        return newest.isEmpty() ? "" : String.join("\n", newest) + "\n";
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
