package dev.telepath.tunnel.frame;

import com.google.protobuf.ByteString;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One message of a {@code Tunnel} call. The codes are those of stream version 2, shared by all peers since 2.4.5. */
public sealed interface Frame {
    /**
     * Bytes of the stream, at most {@link FrameCodec#MAX_DATA} when sent by us.
     *
     * @param block to be given back by whoever is the last to look at the bytes; null when they are nobody's to give back
     */
    record Data(ByteString bytes, @Nullable Block block) implements Frame {
        public Data(ByteString bytes) {
            this(bytes, null);
        }

        /** For several who look at the same bytes. */
        public Data shared() {
            return block == null ? this : new Data(bytes);
        }
    }

    /**
     * The first frame of a call: which stream it carries, and how long a dial for it may take.
     *
     * @param version stream version of the caller, 2 for every peer known
     * @param via the workload whose agents alone may dial; empty: whoever can. Ours only
     */
    record StreamInfo(
            int version, Duration roundtripLatency, Duration dialTimeout, ConnectionId id, String sessionId, String via)
            implements Frame {
        public StreamInfo(
                int version, Duration roundtripLatency, Duration dialTimeout, ConnectionId id, String sessionId) {
            this(version, roundtripLatency, dialTimeout, id, sessionId, "");
        }
    }

    /** The answer to {@link StreamInfo}. */
    record StreamOk(int version) implements Frame {}

    /** No more data in this direction. */
    record CloseSend() implements Frame {}

    /** The destination was dialled. */
    record DialOk() implements Frame {}

    /** The destination could not be dialled. */
    record DialReject() implements Frame {}

    /** Both directions end at once. */
    record Disconnect() implements Frame {}

    /** Nothing; keeps idle timers of old peers from firing. */
    record KeepAlive() implements Frame {}

    /** Names the client session that an agent's stream is for. */
    record Session(String sessionId) implements Frame {}

    /** A code of a newer peer; skipped. */
    record Unknown(int code) implements Frame {}
}
