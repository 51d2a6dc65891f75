package dev.telepath.agent.metrics;

import dev.telepath.agent.metrics.AgentMetrics.Kind;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.CompletionStage;
import java.util.function.LongConsumer;

/**
 * One end of a stream, with its bytes counted and its stream counted as open until it is closed. Changes
 * nothing of the end. Same threads as the end it watches.
 */
public final class ObservedEnd implements StreamEnd {
    private final StreamEnd inner;
    private final LongConsumer received;
    private final LongConsumer sent;
    private volatile String result = "ok";

    /**
     * @param received gets the size of each frame that the end received
     * @param sent gets the size of each frame that the end was given
     */
    public ObservedEnd(StreamEnd inner, Kind kind, AgentMetrics metrics, LongConsumer received, LongConsumer sent) {
        this.inner = inner;
        this.received = received;
        this.sent = sent;
        metrics.streamBegan();
        inner.closed().whenComplete((done, never) -> metrics.streamEnded(kind, result));
    }

    @Override
    public Multi<Frame> receive() {
        return watched(inner.receive(), received);
    }

    @Override
    public void send(Multi<Frame> frames) {
        inner.send(watched(frames, sent));
    }

    private Multi<Frame> watched(Multi<Frame> frames, LongConsumer counter) {
        return frames.onItem()
                .invoke(frame -> {
                    if (frame instanceof Frame.Data data) {
                        counter.accept(data.bytes().size());
                    }
                })
                .onFailure()
                .invoke(failure -> result = label(failure));
    }

    /** The metric's word for a failure. */
    public static String label(Throwable failure) {
        return switch (StreamFailure.of(failure)) {
            case StreamFailure.DialRefused refused -> "refused";
            case StreamFailure.DialTimedOut late -> "timeout";
            case StreamFailure.ConnectionLost lost -> "lost";
            case StreamFailure.ProtocolViolation violation -> "violation";
            default -> "reset";
        };
    }

    @Override
    public CompletionStage<Void> closed() {
        return inner.closed();
    }
}
