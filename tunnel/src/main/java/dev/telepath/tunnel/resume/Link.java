package dev.telepath.tunnel.resume;

import dev.telepath.protocol.v1.StreamFrame;

/** One transport of a stream. What is sent may be lost with the link, never reordered or repeated within it. */
public interface Link {
    /** Sends a frame. */
    void send(StreamFrame frame);

    /** Whether data would be taken without queueing; the stream is told by {@link ResumableStream#linkReady}. */
    boolean ready();

    /** No more frames will be sent. Frames already sent still arrive. */
    void finish();

    /**
     * The stream is over, as both edges know and neither has more to say: instead of {@link #finish} where they agreed that
     * the link may serve another.
     */
    default void rest() {
        finish();
    }
}
