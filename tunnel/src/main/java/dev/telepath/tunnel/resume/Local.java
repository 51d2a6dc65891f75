package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;

/** The stream's own side: the socket of the edge. */
public interface Local {
    /** The other edge has dialled. Only the initiator is told. */
    default void opened() {}

    /** Writes bytes; {@link ResumableStream#localWrote} follows when the socket has taken them. In order. */
    void write(ByteString bytes);

    /** Half-closes the socket after what was written. */
    void finish();

    /** Ends the socket hard. */
    void reset(ResetCode code);

    /** The socket may be read, or must not be: the other edge takes no more, or the stream is suspended. */
    void reading(boolean allowed);

    /**
     * {@link ResumableStream#acknowledge} is to follow in a moment: the other edge keeps what it need not keep any more. It is not
     * urgent, and until then an answer of the socket may take the word along.
     */
    void acknowledgeSoon();

    /** The stream is over; nothing of it is left. */
    void ended(ResetCode code);
}
