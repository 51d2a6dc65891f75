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
     * Sends the stream's last frame and lets the link serve another stream, where both edges agreed on that: instead of
     * {@link #finish}. The frame need not go at once, it may go along with the first of the next stream. Until the other
     * edge has said its own goodbye, what comes is still for this stream.
     */
    void leave(StreamFrame goodbye);
}
