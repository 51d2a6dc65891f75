package dev.telepath.harness;

import dev.telepath.harness.ChecksummedStream.Head;
import dev.telepath.harness.ChecksummedStream.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A load of TCP streams that move data both ways at once and judge every byte as it arrives: a byte that is lost, doubled,
 * reordered or changed is found at its offset. A {@link ChecksummedServer} is the other side.
 *
 * <p>Starts with {@link #start}; runs on threads of its own; methods may be called from any thread.
 */
public final class Checksummed implements AutoCloseable {
    /** How a stream is opened. */
    @FunctionalInterface
    public interface Way {
        /** A connected socket. */
        Socket connect() throws IOException;

        /** Straight to a port on loopback. */
        static Way to(int port) {
            return () -> new Socket(InetAddress.getLoopbackAddress(), port);
        }

        /** The same way, tried again for a minute where it does not lead: a new connection may fail in an outage. */
        default Way patiently() {
            return () -> {
                long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
                while (true) {
                    try {
                        return connect();
                    } catch (IOException e) {
                        if (System.nanoTime() - end > 0) {
                            throw e;
                        }
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
                    }
                }
            };
        }

        /** Through a SOCKS5 proxy on loopback, which resolves the host. */
        static Way throughSocks(int proxyPort, String host, int port) {
            return () -> {
                var socket = new Socket(new Proxy(
                        Proxy.Type.SOCKS, new InetSocketAddress(InetAddress.getLoopbackAddress(), proxyPort)));
                socket.connect(InetSocketAddress.createUnresolved(host, port), 30_000);
                return socket;
            };
        }
    }

    /**
     * What the load is.
     *
     * @param streams how many at once, at least 1
     * @param bytesOut bytes that each sends
     * @param bytesIn bytes that each receives
     * @param pace bytes per second of each direction of each stream, so that it lasts; 0 = as fast as it goes. After a
     *     pause it catches up.
     * @param seed of the data, printed with every problem
     */
    public record Plan(int streams, long bytesOut, long bytesIn, long pace, long seed) {}

    /**
     * What it saw, so far or at the end.
     *
     * @param done streams with every byte of both directions and both ends, as this side sees it
     * @param resets streams that ended with an error of the socket
     * @param cutShort streams whose end came early
     * @param mismatches streams with a wrong byte
     * @param longestPause the longest time without an arrival in any stream
     * @param firstProblem one of them, with seed and offset
     */
    public record Report(
            int streams,
            int done,
            int resets,
            int cutShort,
            int mismatches,
            long bytesSent,
            long bytesReceived,
            Duration longestPause,
            @Nullable String firstProblem) {
        /** Every byte of every stream arrived, once and in order. */
        public boolean whole() {
            return done == streams;
        }

        @Override
        public String toString() {
            return "%d streams: %d whole, %d reset, %d cut short, %d with wrong bytes; %d KiB out, %d KiB in, longest pause %d ms%s"
                    .formatted(
                            streams,
                            done,
                            resets,
                            cutShort,
                            mismatches,
                            bytesSent >> 10,
                            bytesReceived >> 10,
                            longestPause.toMillis(),
                            firstProblem == null ? "" : " (" + firstProblem + ")");
        }
    }

    private final List<ChecksummedStream> streams = new ArrayList<>();
    private final CountDownLatch running;

    private Checksummed(Plan plan, Way way) {
        running = new CountDownLatch(plan.streams());
        for (int i = 0; i < plan.streams(); i++) {
            var head = new Head(plan.seed() + i, plan.bytesOut(), plan.bytesIn(), plan.pace());
            var stream = new ChecksummedStream(head.seed());
            streams.add(stream);
            Thread.ofVirtual().name("checksummed-" + i).start(() -> {
                try {
                    stream.call(way, head);
                } finally {
                    running.countDown();
                }
            });
        }
    }

    /** Opens all streams at once. */
    public static Checksummed start(Plan plan, Way way) {
        return new Checksummed(plan, way);
    }

    /** Sends without pace from now on. */
    public void hurry() {
        streams.forEach(ChecksummedStream::hurry);
    }

    /** What happened so far. */
    public Report report() {
        return new Report(
                streams.size(),
                count(Outcome.DONE),
                count(Outcome.RESET),
                count(Outcome.CUT_SHORT),
                count(Outcome.MISMATCH),
                streams.stream().mapToLong(ChecksummedStream::sent).sum(),
                streams.stream().mapToLong(ChecksummedStream::received).sum(),
                Duration.ofNanos(streams.stream()
                        .mapToLong(ChecksummedStream::longestPause)
                        .max()
                        .orElse(0)),
                streams.stream()
                        .map(ChecksummedStream::why)
                        .filter(why -> !why.isEmpty())
                        .findFirst()
                        .orElse(null));
    }

    private int count(Outcome outcome) {
        return (int) streams.stream().filter(s -> s.outcome() == outcome).count();
    }

    /** Streams that are not over. */
    public int running() {
        return (int) running.getCount();
    }

    /**
     * Waits until every stream is over, well or not.
     *
     * @throws IllegalStateException with what was seen when some are not
     */
    public Report await(Duration most) {
        try {
            if (!running.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        running() + " streams are still running after " + most + "; " + report());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        return report();
    }

    /** Remembers this moment, e.g. when the network is back: see {@link #firstBytesAfterMark}. */
    public void mark() {
        long now = System.nanoTime();
        streams.forEach(stream -> stream.mark(now));
    }

    /** For each stream that has received something since the last mark, the nanoseconds it took; sorted. */
    public long[] firstBytesAfterMark() {
        return streams.stream()
                .mapToLong(ChecksummedStream::afterMark)
                .filter(nanos -> nanos >= 0)
                .sorted()
                .toArray();
    }

    /** Resets the streams that still run. */
    @Override
    public void close() {
        streams.forEach(ChecksummedStream::close);
    }
}
