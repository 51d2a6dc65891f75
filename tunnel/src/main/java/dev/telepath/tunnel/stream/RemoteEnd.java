package dev.telepath.tunnel.stream;

import dev.telepath.tunnel.frame.Frame;
import io.smallrye.mutiny.Multi;
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

    /** As {@link #receive()} after {@link #dialled()}: a local end that it is given to still waits for the word on the dial. */
    default Multi<Frame> receiveDialled() {
        return Multi.createBy().concatenating().streams(Multi.createFrom().<Frame>item(new Frame.DialOk()), receive());
    }

    /** Refuses or resets the stream before anything was joined to it. */
    void fail(StreamFailure why);
}
