package dev.telepath.tunnel.resume;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that all resumable streams of a process keep, for replay and for sockets that are behind. Above three quarters
 * new credit is given in the least windows only; when it is used up a stream reads its socket only while it keeps nothing
 * itself, so that each goes on and none grows. Thread-safe.
 */
public final class Budget {
    /** The window of a stream while memory is short: two frames. */
    static final long LEAST_WINDOW = 64 * 1024;

    private final long capacity;
    private final AtomicLong used = new AtomicLong();

    /**
     * @param capacity bytes, at least 1 MiB
     */
    public Budget(long capacity) {
        this.capacity = Math.max(1024 * 1024, capacity);
    }

    /** Bytes kept now. */
    public long used() {
        return used.get();
    }

    /** Bytes that may be kept. */
    public long capacity() {
        return capacity;
    }

    /** More is kept, or less. */
    public void add(long bytes) {
        used.addAndGet(bytes);
    }

    /** Whether so much is kept that no stream should take more than it needs to go on. */
    public boolean tight() {
        return used.get() > capacity / 4 * 3;
    }

    /** Whether nothing more may be kept. */
    public boolean exhausted() {
        return used.get() >= capacity;
    }
}
