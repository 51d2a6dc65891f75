package dev.telepath.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The other side of {@link Checksummed} streams: plays the workload, or the local process. Thread-safe. */
public final class ChecksummedServer implements AutoCloseable {
    private static final int BACKLOG = 4096;

    private final ServerSocket listener;
    private final Set<ChecksummedStream> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong whole = new AtomicLong();
    private final AtomicLong broken = new AtomicLong();
    private final AtomicLong mismatches = new AtomicLong();
    private final AtomicReference<@Nullable String> firstMismatch = new AtomicReference<>();

    private ChecksummedServer(ServerSocket listener) {
        this.listener = listener;
        Thread.ofVirtual().name("checksummed-accept").start(this::accept);
    }

    /** Starts one on a free port of loopback. */
    public static ChecksummedServer start() {
        try {
            return new ChecksummedServer(new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                long number = accepted.incrementAndGet();
                Thread.ofVirtual().name("checksummed-serve").start(() -> serve(socket, number));
            } catch (IOException e) {
                // Closed, or one connection that is gone before it was taken.
                continue;
            }
        }
    }

    private void serve(Socket socket, long number) {
        var stream = new ChecksummedStream(number);
        open.add(stream);
        if (listener.isClosed()) {
            stream.close();
        }
        try {
            stream.serve(socket);
        } finally {
            open.remove(stream);
            switch (stream.outcome()) {
                case DONE -> whole.incrementAndGet();
                case MISMATCH -> {
                    mismatches.incrementAndGet();
                    firstMismatch.compareAndSet(null, stream.why());
                }
                case RESET, CUT_SHORT, RUNNING -> broken.incrementAndGet();
            }
        }
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** What is open sends without pace from now on. */
    public void hurry() {
        open.forEach(ChecksummedStream::hurry);
    }

    /** Streams open now. */
    public int open() {
        return open.size();
    }

    /** Streams taken so far. */
    public long accepted() {
        return accepted.get();
    }

    /** Streams with every byte of both directions and both ends, as this side sees it. */
    public long whole() {
        return whole.get();
    }

    /** Streams that were reset or cut short. */
    public long broken() {
        return broken.get();
    }

    /** Streams with a wrong byte. */
    public long mismatches() {
        return mismatches.get();
    }

    /** One of them, with its offset. Null when there was none. */
    public @Nullable String firstMismatch() {
        return firstMismatch.get();
    }

    /** Resets what is open and frees the port. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        open.forEach(ChecksummedStream::close);
    }
}
