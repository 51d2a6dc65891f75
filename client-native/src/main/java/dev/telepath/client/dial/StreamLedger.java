package dev.telepath.client.dial;

import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Counts streams and their bytes. {@code inbound} are streams that the cluster opened, {@code outbound} those that local
 * programs opened. Thread-safe.
 */
public final class StreamLedger {
    private final MeterRegistry metrics;
    private final Set<Entry> open = ConcurrentHashMap.newKeySet();
    private final Counter lost;
    private final Counter received;
    private final Counter sent;

    /** What is counted of an end, whatever its protocol. Compared by identity of the end. */
    private record Entry(StreamEnd end, LongSupplier written, LongSupplier read) {}

    public StreamLedger(MeterRegistry metrics, Credit credit) {
        this.metrics = metrics;
        this.received = metrics.counter("telepath.stream.bytes", "direction", "from-cluster");
        this.sent = metrics.counter("telepath.stream.bytes", "direction", "to-cluster");
        this.lost = metrics.counter("telepath.datagrams.dropped");
        metrics.gaugeCollectionSize("telepath.streams.open", io.micrometer.core.instrument.Tags.empty(), open);
        metrics.gauge("telepath.credit.in.use.bytes", credit, Credit::inUse);
    }

    /** A stream has both its ends. */
    public void opened(String direction, TcpEnd end) {
        opened(direction, new Entry(end, end::bytesWritten, end::bytesRead));
    }

    /** A datagram flow has both its ends. */
    public void opened(String direction, UdpEnd end) {
        opened(direction, new Entry(end, end::bytesWritten, end::bytesRead));
        end.closed().thenRun(() -> lost.increment(end.dropped()));
    }

    /** A stream has both its ends, of which the local one is of any kind. */
    public void opened(String direction, StreamEnd end) {
        switch (end) {
            case TcpEnd tcp -> opened(direction, tcp);
            case UdpEnd udp -> opened(direction, udp);
            case Counted counted -> opened(direction, new Entry(end, counted::bytesWritten, counted::bytesRead));
            default -> opened(direction, new Entry(end, () -> 0, () -> 0));
        }
    }

    /** A local end that counts its bytes. */
    public interface Counted {
        /** Bytes that went to the local program. */
        long bytesWritten();

        /** Bytes that came from the local program. */
        long bytesRead();
    }

    private void opened(String direction, Entry entry) {
        open.add(entry);
        metrics.counter("telepath.streams", "direction", direction).increment();
        entry.end().closed().thenRun(() -> {
            if (open.remove(entry)) {
                received.increment(entry.written().getAsLong());
                sent.increment(entry.read().getAsLong());
            }
        });
    }

    /** A stream did not come about. */
    public void failed(String direction, String cause) {
        metrics.counter("telepath.streams.failed", "direction", direction, "cause", cause)
                .increment();
    }

    /** A datagram was not passed on. */
    public void dropped() {
        lost.increment();
    }

    public int open() {
        return open.size();
    }

    /** Bytes from the cluster, those of open streams included. */
    public long bytesReceived() {
        return (long) received.count()
                + open.stream().mapToLong(entry -> entry.written().getAsLong()).sum();
    }

    /** Bytes to the cluster, those of open streams included. */
    public long bytesSent() {
        return (long) sent.count()
                + open.stream().mapToLong(entry -> entry.read().getAsLong()).sum();
    }
}
