package dev.telepath.manager.relay;

import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Joins two ends and counts what passes. Thread-safe. */
@Singleton
final class StreamMeter {
    private final MeterRegistry meters;
    private final AtomicInteger open = new AtomicInteger();
    private final Counter toClient;
    private final Counter fromClient;

    /** How a stream began or failed to; the label is the metric tag. */
    enum Result {
        JOINED,
        REFUSED,
        TIMED_OUT,
        NO_WATCHER;

        String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    @Inject
    StreamMeter(MeterRegistry meters) {
        this.meters = meters;
        Gauge.builder("telepath.streams.open", open, AtomicInteger::get).register(meters);
        Gauge.builder("telepresence.tunnel.count", open, AtomicInteger::get).register(meters);
        toClient = meters.counter("telepath.stream.bytes", "direction", "to-client");
        fromClient = meters.counter("telepath.stream.bytes", "direction", "from-client");
        for (Result result : Result.values()) {
            meters.counter("telepath.streams", "result", result.label());
        }
    }

    void count(Result result) {
        meters.counter("telepath.streams", "result", result.label()).increment();
    }

    /** Joins the end at the client with the other one. */
    void join(StreamEnd client, StreamEnd other) {
        count(Result.JOINED);
        open.incrementAndGet();
        CompletableFuture.allOf(
                        client.closed().toCompletableFuture(), other.closed().toCompletableFuture())
                .whenComplete((nothing, failure) -> open.decrementAndGet());
        client.send(counted(other.receive(), toClient));
        other.send(counted(client.receive(), fromClient));
    }

    int open() {
        return open.get();
    }

    private static Multi<Frame> counted(Multi<Frame> frames, Counter bytes) {
        return frames.onItem().invoke(frame -> {
            if (frame instanceof Frame.Data data) {
                bytes.increment(data.bytes().size());
            }
        });
    }
}
