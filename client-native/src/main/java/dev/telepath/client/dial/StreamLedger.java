package dev.telepath.client.dial;

import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.net.TcpEnd;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts streams and their bytes. {@code inbound} are streams that the cluster opened, {@code outbound} those that local
 * programs opened. Thread-safe.
 */
public final class StreamLedger {
    private final MeterRegistry metrics;
    private final Set<TcpEnd> open = ConcurrentHashMap.newKeySet();
    private final Counter received;
    private final Counter sent;

    public StreamLedger(MeterRegistry metrics, Credit credit) {
        this.metrics = metrics;
        this.received = metrics.counter("telepath.stream.bytes", "direction", "from-cluster");
        this.sent = metrics.counter("telepath.stream.bytes", "direction", "to-cluster");
        metrics.gaugeCollectionSize("telepath.streams.open", io.micrometer.core.instrument.Tags.empty(), open);
        metrics.gauge("telepath.credit.in.use.bytes", credit, Credit::inUse);
    }

    /** A stream has both its ends. */
    public void opened(String direction, TcpEnd end) {
        open.add(end);
        metrics.counter("telepath.streams", "direction", direction).increment();
        end.closed().thenRun(() -> {
            if (open.remove(end)) {
                received.increment(end.bytesWritten());
                sent.increment(end.bytesRead());
            }
        });
    }

    /** A stream did not come about. */
    public void failed(String direction, String cause) {
        metrics.counter("telepath.streams.failed", "direction", direction, "cause", cause)
                .increment();
    }

    public int open() {
        return open.size();
    }

    /** Bytes from the cluster, those of open streams included. */
    public long bytesReceived() {
        return (long) received.count()
                + open.stream().mapToLong(TcpEnd::bytesWritten).sum();
    }

    /** Bytes to the cluster, those of open streams included. */
    public long bytesSent() {
        return (long) sent.count() + open.stream().mapToLong(TcpEnd::bytesRead).sum();
    }
}
