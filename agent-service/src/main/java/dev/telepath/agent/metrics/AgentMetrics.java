package dev.telepath.agent.metrics;

import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;

/** The agent's meters. Thread-safe; made once per agent. */
public final class AgentMetrics {
    /** What a stream is for. The label is the metric's tag. */
    public enum Kind {
        FORWARD("forward"),
        DIVERT("divert"),
        WIRETAP("wiretap"),
        SPLIT("split"),
        DIAL("dial");

        private final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    private final MeterRegistry registry;
    private final AtomicInteger open;
    private final Counter in;
    private final Counter out;
    private final Counter overflow;
    private final AtomicInteger sftpOpen;
    private final Counter sftpBytes;
    private final Counter sftpWritten;

    public AgentMetrics(MeterRegistry registry, Credit credit) {
        this.registry = registry;
        this.open = gauge("telepath.streams.open");
        this.in = registry.counter("telepath.stream.bytes", "direction", "in");
        this.out = registry.counter("telepath.stream.bytes", "direction", "out");
        this.sftpOpen = gauge("telepath.sftp.open");
        this.sftpBytes = registry.counter("telepath.sftp.bytes");
        this.sftpWritten = registry.counter("telepath.sftp.written.bytes");
        this.overflow = registry.counter("telepath.wiretap.overflow");
        registry.gauge("telepath.credit.in.use.bytes", credit, Credit::inUse);
    }

    private AtomicInteger gauge(String name) {
        var value = new AtomicInteger();
        Gauge.builder(name, value, AtomicInteger::get).strongReference(true).register(registry);
        return value;
    }

    /** The registry, for meters of the libraries beneath. */
    public MeterRegistry registry() {
        return registry;
    }

    /** A stream began; {@link #streamEnded} must follow once. */
    public void streamBegan() {
        open.incrementAndGet();
    }

    /**
     * @param result {@code ok}, or why it did not end cleanly
     */
    public void streamEnded(Kind kind, String result) {
        open.decrementAndGet();
        registry.counter("telepath.streams", "kind", kind.label, "result", result)
                .increment();
    }

    /** A stream that never came to be. */
    public void streamFailed(Kind kind, String result) {
        streamBegan();
        streamEnded(kind, result);
    }

    /** Bytes that came from whoever opened the stream. */
    public void bytesIn(long bytes) {
        in.increment((double) bytes);
    }

    /** Bytes that went back to whoever opened the stream. */
    public void bytesOut(long bytes) {
        out.increment((double) bytes);
    }

    /** A connection to a guarded port was decided on. */
    public void connection(String port, Kind route) {
        registry.counter("telepath.connections", "port", port, "route", route.label)
                .increment();
    }

    /** A request on a connection that is split was decided on. */
    public void request(String port, Kind route) {
        registry.counter("telepath.requests", "port", port, "route", route.label)
                .increment();
    }

    /** An engaged port's connection went to the workload after all. */
    public void fallback(String cause) {
        registry.counter("telepath.fallback", "cause", cause).increment();
    }

    /** A wiretap copy was ended because its client could not follow. */
    public void wiretapOverflow() {
        overflow.increment();
    }

    /** An SFTP connection was accepted; {@link #sftpEnded} must follow once. */
    public void sftpBegan() {
        sftpOpen.incrementAndGet();
    }

    /**
     * @param result {@code ok}, or why it did not end cleanly
     */
    public void sftpEnded(String result) {
        sftpOpen.decrementAndGet();
        sftpRefused(result);
    }

    /** An SFTP connection that was not served. */
    public void sftpRefused(String result) {
        registry.counter("telepath.sftp.connections", "result", result).increment();
    }

    /** File contents that an SFTP client read. */
    public void sftpBytes(long bytes) {
        sftpBytes.increment((double) bytes);
    }

    /** File contents that an SFTP client wrote. */
    public void sftpWritten(long bytes) {
        sftpWritten.increment((double) bytes);
    }

    /** A client's question for a name was answered. */
    public void nameLookup(String outcome) {
        registry.counter("telepath.dns.questions", "outcome", outcome).increment();
    }

    /** A traffic report did not reach the manager. */
    public void reportFailed() {
        registry.counter("telepath.report.failures").increment();
    }
}
