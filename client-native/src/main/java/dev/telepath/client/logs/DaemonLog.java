package dev.telepath.client.logs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.LocalDate;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's log file: rotated each day and at a size, a number of old ones kept. What cannot be written (a full disk)
 * is dropped and counted; the daemon goes on. Thread-safe.
 */
public final class DaemonLog extends Handler {
    private static final String NAME = "daemon.log";

    private final Path folder;
    private final long maxSize;
    private final int keep;
    private final AtomicLong dropped = new AtomicLong();
    private @Nullable OutputStream out;
    private long size;
    private LocalDate day = LocalDate.EPOCH;

    /**
     * @param maxSize bytes at which it is rotated
     * @param keep rotated files kept, at least one
     */
    public DaemonLog(Path folder, long maxSize, int keep, Formatter formatter) {
        this.folder = folder;
        this.maxSize = maxSize;
        this.keep = keep;
        setFormatter(formatter);
    }

    @Override
    public synchronized void publish(LogRecord entry) {
        byte[] line = getFormatter().format(entry).getBytes(StandardCharsets.UTF_8);
        try {
            OutputStream to = ready(line.length);
            to.write(line);
            to.flush();
            size += line.length;
        } catch (IOException e) {
            dropped.incrementAndGet();
            abandon();
        }
    }

    private OutputStream ready(int more) throws IOException {
        OutputStream open = out;
        LocalDate today = LocalDate.now(java.time.ZoneId.systemDefault());
        if (open != null && size + more <= maxSize && today.equals(day)) {
            return open;
        }
        abandon();
        Path file = folder.resolve(NAME);
        Files.createDirectories(folder);
        boolean full = Files.exists(file) && Files.size(file) + more > maxSize;
        boolean old = Files.exists(file)
                && !LocalDate.ofInstant(Files.getLastModifiedTime(file).toInstant(), java.time.ZoneId.systemDefault())
                        .equals(today);
        if (full || old) {
            rotate(file);
        }
        OutputStream fresh = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        out = fresh;
        size = Files.size(file);
        day = today;
        return fresh;
    }

    private void rotate(Path file) throws IOException {
        Files.deleteIfExists(folder.resolve(NAME + "." + keep));
        for (int i = keep - 1; i >= 1; i--) {
            Path older = folder.resolve(NAME + "." + i);
            if (Files.exists(older)) {
                Files.move(older, folder.resolve(NAME + "." + (i + 1)), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.move(file, folder.resolve(NAME + ".1"), StandardCopyOption.REPLACE_EXISTING);
    }

    private void abandon() {
        OutputStream open = out;
        out = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                dropped.incrementAndGet();
            }
        }
    }

    /** Lines that could not be written. */
    public long dropped() {
        return dropped.get();
    }

    @Override
    public void flush() {
        // Every line is flushed when it is written.
    }

    @Override
    public synchronized void close() {
        abandon();
    }
}
