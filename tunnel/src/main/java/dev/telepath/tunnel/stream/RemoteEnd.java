package dev.telepath.tunnel.stream;

import java.util.concurrent.CompletionStage;

/** The end of a stream that leads to another edge, which dials. Thread-safe. */
public interface RemoteEnd extends StreamEnd {
    /**
     * The other edge's word on its dial. Nothing of the stream's data is read by it, so that a caller whose stream failed
     * can still serve its socket otherwise.
     *
     * @return completes when it has dialled; fails with a {@link StreamFailure}: {@link StreamFailure.DialRefused} when it
     *     could not, another one when it was not reached
     */
    CompletionStage<Void> dialled();

    /** Refuses or resets the stream before anything was joined to it. */
    void fail(StreamFailure why);
}
