package dev.telepath.agent.api;

import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.subscription.MultiEmitter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients that watch for dials at this agent, and the streams that wait for their answer. Thread-safe.
 *
 * <p>What waits is bounded in time by the dial that waits for it, and in number by the connections that were accepted.
 */
final class DirectPath implements ClientPath {
    private record Key(String session, ConnectionId id) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that && session.equals(that.session) && id.equals(that.id);
        }

        @Override
        public int hashCode() {
            return 31 * session.hashCode() + id.hashCode();
        }
    }

    private final Map<String, MultiEmitter<? super DialRequest>> watchers = new ConcurrentHashMap<>();
    private final Map<Key, CompletableFuture<RemoteEnd>> awaited = new ConcurrentHashMap<>();

    /** Dial requests for a client session. A second watch of the same session takes the place of the first. */
    Multi<DialRequest> watch(String session) {
        return Multi.createFrom().<DialRequest>emitter(emitter -> {
            MultiEmitter<? super DialRequest> before = watchers.put(session, emitter);
            emitter.onTermination(() -> watchers.remove(session, emitter));
            if (before != null) {
                before.complete();
            }
        });
    }

    @Override
    public Optional<CompletableFuture<RemoteEnd>> open(Engagement engagement, ConnectionId id) {
        var watcher = watchers.get(engagement.clientSession());
        if (watcher == null) {
            return Optional.empty();
        }
        var key = new Key(engagement.clientSession(), id);
        var answer = new CompletableFuture<RemoteEnd>();
        if (awaited.putIfAbsent(key, answer) != null) {
            return Optional.empty();
        }
        answer.whenComplete((call, failure) -> awaited.remove(key, answer));
        watcher.emit(DialRequest.newBuilder()
                .setConnId(id.bytes())
                .setDialTimeout(engagement.dialTimeout().toNanos())
                .setRoundtripLatency(engagement.latency().toNanos())
                .build());
        return Optional.of(answer);
    }

    /** Whether the call is an answer that was waited for; then it is taken. */
    boolean answered(TunnelCall call) {
        var waiting =
                awaited.remove(new Key(call.info().sessionId(), call.info().id()));
        return waiting != null && waiting.complete(call);
    }

    /** Ends all watches; what waits falls back. */
    void close() {
        watchers.values().forEach(MultiEmitter::complete);
        awaited.values()
                .forEach(waiting -> waiting.completeExceptionally(new StreamFailure.ConnectionLost("the agent stops")));
    }
}
