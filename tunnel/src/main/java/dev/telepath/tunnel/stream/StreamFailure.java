package dev.telepath.tunnel.stream;

import java.io.Serial;

/**
 * Why a stream ended other than by both sides closing it. The message is for a person: what failed and for which
 * address. Carries no stack trace: it is an event of the network, not a fault of the code.
 */
public abstract sealed class StreamFailure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private StreamFailure(String message) {
        super(message, null, false, false);
    }

    /** The destination refused, or no route leads there. */
    public static final class DialRefused extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public DialRefused(String message) {
            super(message);
        }
    }

    /** The destination did not answer within the dial timeout. */
    public static final class DialTimedOut extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public DialTimedOut(String message) {
            super(message);
        }
    }

    /** The other edge has no streams of this kind; the older kind may reach it. Nothing was taken from the caller. */
    public static final class NotOffered extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public NotOffered(String message) {
            super(message);
        }
    }

    /** One end was reset, by its peer or because the other end was. */
    public static final class Reset extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public Reset(String message) {
            super(message);
        }
    }

    /** The call that carried the stream ended without an end of the stream: connection lost, peer gone. */
    public static final class ConnectionLost extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public ConnectionLost(String message) {
            super(message);
        }
    }

    /** The peer broke the protocol. */
    public static final class ProtocolViolation extends StreamFailure {
        @Serial
        private static final long serialVersionUID = 1L;

        public ProtocolViolation(String message) {
            super(message);
        }
    }

    /** Any failure as one of these; those that are already are returned unchanged. */
    public static StreamFailure of(Throwable cause) {
        if (cause instanceof StreamFailure known) {
            return known;
        }
        // What a stage hands on to the next one is wrapped.
        if (cause instanceof java.util.concurrent.CompletionException && cause.getCause() != null) {
            return of(cause.getCause());
        }
        if (cause instanceof dev.telepath.tunnel.frame.MalformedFrame malformed) {
            return new ProtocolViolation(String.valueOf(malformed.getMessage()));
        }
        if (cause instanceof io.grpc.StatusRuntimeException status) {
            return new ConnectionLost(
                    status.getStatus().getCode() + ": " + status.getStatus().getDescription());
        }
        return new Reset(String.valueOf(cause.getMessage()));
    }
}
