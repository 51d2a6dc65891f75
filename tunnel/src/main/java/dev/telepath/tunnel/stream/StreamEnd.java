package dev.telepath.tunnel.stream;

import dev.telepath.tunnel.frame.Frame;
import io.smallrye.mutiny.Multi;
import java.util.concurrent.CompletionStage;

/**
 * One end of a stream, as seen from the code that joins two of them.
 *
 * <p>The frames that pass are {@link Frame.Data}, {@link Frame.DialOk} and {@link Frame.KeepAlive}; everything else of
 * the protocol is the end's own business. Both directions are back-pressured: nothing is read that was not asked for.
 */
public interface StreamEnd {
    /**
     * Frames from this end. One subscriber, once. Completes at the end's half-close, fails with a {@link StreamFailure}
     * when the end is gone. Cancelling resets the end.
     */
    Multi<Frame> receive();

    /**
     * Gives this end the frames it is to send. Called once. Their completion is a half-close, their failure resets the
     * end (a failed dial is told as such).
     */
    void send(Multi<Frame> frames);

    /** Completes, never exceptionally, when both directions have ended and the end holds nothing any more. */
    CompletionStage<Void> closed();

    /** Joins two ends: what one receives the other sends. */
    static void join(StreamEnd a, StreamEnd b) {
        a.send(b.receive());
        b.send(a.receive());
    }
}
