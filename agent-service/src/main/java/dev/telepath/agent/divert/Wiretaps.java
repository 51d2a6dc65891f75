package dev.telepath.agent.divert;

import dev.telepath.agent.engage.Engagement;
import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.metrics.AgentMetrics.Kind;
import dev.telepath.agent.metrics.ClientTraffic;
import dev.telepath.agent.metrics.ObservedEnd;
import dev.telepath.agent.split.RequestCopy;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.util.concurrent.EventExecutorGroup;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jboss.logging.Logger;

/**
 * Copies what arrives at a guarded port to wiretapping clients. The copied connection never waits for a copy: a client
 * that lags more than the buffer loses that copy. A wiretap with a filter gets the requests that it matches, each whole.
 * What the local process answers is thrown away. Thread-safe.
 */
public final class Wiretaps {
    private static final Logger LOG = Logger.getLogger(Wiretaps.class);

    /** How long a local process may take to close after the copied connection has. */
    private static final Duration LINGER = Duration.ofSeconds(10);

    private final Diversions diversions;
    private final EventExecutorGroup loops;
    private final long buffer;
    private final AgentMetrics metrics;
    private final ClientTraffic traffic;

    /**
     * @param loops where copies are read of which only some requests are wanted
     * @param buffer bytes that a copy may lag behind
     */
    public Wiretaps(
            Diversions diversions, EventExecutorGroup loops, long buffer, AgentMetrics metrics, ClientTraffic traffic) {
        this.diversions = diversions;
        this.loops = loops;
        this.buffer = buffer;
        this.metrics = metrics;
        this.traffic = traffic;
    }

    /**
     * The same end, with what it receives copied.
     *
     * @param tapped who gets copies; with nobody the end itself is returned
     * @param idTo names the copy's stream
     */
    public StreamEnd tap(StreamEnd end, List<Engagement> tapped, Function<Engagement, ConnectionId> idTo) {
        if (tapped.isEmpty()) {
            return end;
        }
        List<BoundedFrames> copies = tapped.stream()
                .map(engagement -> copy(engagement, idTo.apply(engagement), end.closed()))
                .toList();
        return new Tapped(end, copies);
    }

    private BoundedFrames copy(Engagement engagement, ConnectionId id, CompletionStage<Void> tappedClosed) {
        var frames = new BoundedFrames(buffer, () -> {
            metrics.wiretapOverflow();
            LOG.warnf("wiretap copy ended, client too slow client=%s buffer=%d", engagement.client(), buffer);
        });
        if (engagement.filter().isAll()) {
            open(engagement, id).whenComplete((call, failure) -> {
                if (failure == null) {
                    join(call, frames, tappedClosed);
                } else {
                    frames.finish(StreamFailure.of(failure));
                    frames.cancel();
                }
            });
        } else {
            RequestCopy.start(frames, engagement.filter(), () -> open(engagement, id), LINGER, loops.next());
        }
        return frames;
    }

    private CompletionStage<StreamEnd> open(Engagement engagement, ConnectionId id) {
        metrics.streamBegan();
        return diversions
                .open(engagement, id)
                .whenComplete((call, failure) -> {
                    if (failure == null) {
                        call.closed().whenComplete((done, never) -> metrics.streamEnded(Kind.WIRETAP, "ok"));
                    } else {
                        metrics.streamEnded(Kind.WIRETAP, ObservedEnd.label(failure));
                    }
                })
                .thenApply(call -> new Counted(call, bytes -> traffic.toClient(engagement.clientSession(), bytes)));
    }

    private static void join(StreamEnd call, BoundedFrames frames, CompletionStage<Void> tappedClosed) {
        call.send(Multi.createFrom().publisher(frames));
        var answers = call.receive().subscribe().with(answer -> {}, failure -> frames.cancel(), () -> {});
        // A local process that never closes must not keep the copy's call for ever.
        tappedClosed.thenRunAsync(
                answers::cancel, CompletableFuture.delayedExecutor(LINGER.toMillis(), TimeUnit.MILLISECONDS));
        call.closed().whenComplete((done, never) -> frames.cancel());
    }

    /** An end whose sent bytes are counted. */
    private record Counted(StreamEnd inner, LongConsumer sent) implements StreamEnd {
        @Override
        public Multi<Frame> receive() {
            return inner.receive();
        }

        @Override
        public void send(Multi<Frame> frames) {
            inner.send(frames.onItem().invoke(frame -> {
                if (frame instanceof Frame.Data data) {
                    sent.accept(data.bytes().size());
                }
            }));
        }

        @Override
        public CompletionStage<Void> closed() {
            return inner.closed();
        }
    }

    /** An end whose received frames go to the copies too. */
    private record Tapped(StreamEnd inner, List<BoundedFrames> copies) implements StreamEnd {
        @Override
        public Multi<Frame> receive() {
            return inner.receive()
                    .onItem()
                    .transform(frame -> frame instanceof Frame.Data data ? copied(data.shared()) : frame)
                    .onCompletion()
                    .invoke(() -> copies.forEach(copy -> copy.finish(null)))
                    .onFailure()
                    .invoke(failure -> copies.forEach(copy -> copy.finish(StreamFailure.of(failure))))
                    .onCancellation()
                    .invoke(() -> copies.forEach(copy -> copy.finish(new StreamFailure.Reset("the connection ended"))));
        }

        private Frame copied(Frame.Data data) {
            copies.forEach(copy -> copy.offer(data));
            return data;
        }

        @Override
        public void send(Multi<Frame> frames) {
            inner.send(frames);
        }

        @Override
        public CompletionStage<Void> closed() {
            return inner.closed();
        }
    }
}
