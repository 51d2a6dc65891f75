package dev.telepath.manager.relay;

import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Joins two ends and counts what passes. Thread-safe. */
@Singleton
final class StreamMeter {
    private final MeterRegistry meters;
    private final Set<Joined> open = ConcurrentHashMap.newKeySet();
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
        Gauge.builder("telepath.streams.open", open, Set::size).register(meters);
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
        var joined = new Joined(
                client,
                other,
                new JoinedFrames(other.receive(), toClient),
                new JoinedFrames(client.receive(), fromClient));
        open.add(joined);
        CompletableFuture.allOf(
                        client.closed().toCompletableFuture(), other.closed().toCompletableFuture())
                .whenComplete((nothing, failure) -> open.remove(joined));
        client.send(joined.toClient().frames());
        other.send(joined.fromClient().frames());
    }

    int open() {
        return open.size();
    }

    /** The sessions that joined streams belong to. */
    Set<String> sessions() {
        return open.stream()
                .flatMap(joined -> Stream.of(joined.client(), joined.other()))
                .filter(TunnelCall.class::isInstance)
                .map(end -> ((TunnelCall) end).info().sessionId())
                .collect(Collectors.toSet());
    }

    /** Resets all that are joined. */
    void endAll(StreamFailure why) {
        open.forEach(joined -> {
            joined.toClient().end(why);
            joined.fromClient().end(why);
        });
    }

    private record Joined(StreamEnd client, StreamEnd other, JoinedFrames toClient, JoinedFrames fromClient) {}
}
