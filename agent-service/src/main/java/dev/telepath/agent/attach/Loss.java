package dev.telepath.agent.attach;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateException;
import java.util.Locale;

/**
 * Why the manager is away.
 *
 * @param detail for a person, without secrets
 */
record Loss(Cause cause, String detail) {
    /** The label is the metric's tag; the advice ends the log line. */
    enum Cause {
        PEER_CLOSED("the manager ended the session; attaching again"),
        UNREACHABLE(
                "attaching again; is the manager running, the address right, and clear text (http://) right for that port?"),
        SILENCE("the manager does not answer; attaching again"),
        SESSION_UNKNOWN("the manager does not know this agent any more; arriving again"),
        CREDENTIALS("the token is wrong or expired: get one with telepath-manager token --role agent and put it into"
                + " the token file, which is read at each attempt"),
        NOT_ALLOWED("the token does not allow it: an agent needs a token of --role agent"),
        UNTRUSTED("the token pins another CA: use the token of this manager"),
        WRONG_SERVER("what answers there is no manager; check --manager (http:// for a clear-text one)"),
        SETUP("correct it; it is read at each attempt");

        private final String advice;

        Cause(String advice) {
            this.advice = advice;
        }

        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        String advice() {
            return advice;
        }

        /** Whether trying soon again is of no use. */
        boolean denied() {
            return this == CREDENTIALS || this == NOT_ALLOWED;
        }
    }

    static Loss of(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof CertificateException) {
                return new Loss(Cause.UNTRUSTED, String.valueOf(at.getMessage()));
            }
            if (at instanceof NotSslRecordException) {
                return new Loss(Cause.WRONG_SERVER, "no TLS is spoken there");
            }
            if (at instanceof Http2Exception) {
                return new Loss(Cause.WRONG_SERVER, "no HTTP/2 is spoken there");
            }
        }
        if (!(failure instanceof StatusRuntimeException status)) {
            return new Loss(Cause.SETUP, String.valueOf(failure.getMessage()));
        }
        Status.Code code = status.getStatus().getCode();
        String detail = code + ": " + status.getStatus().getDescription();
        if (status.getCause() != null) {
            detail += " (" + deepest(status.getCause()).getMessage() + ")";
        }
        return new Loss(cause(code), firstLine(detail));
    }

    private static Throwable deepest(Throwable failure) {
        Throwable at = failure;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at;
    }

    private static Cause cause(Status.Code code) {
        return switch (code) {
            case UNAUTHENTICATED -> Cause.CREDENTIALS;
            case PERMISSION_DENIED -> Cause.NOT_ALLOWED;
            case NOT_FOUND -> Cause.SESSION_UNKNOWN;
            case DEADLINE_EXCEEDED -> Cause.SILENCE;
            case UNIMPLEMENTED, UNKNOWN, INTERNAL, INVALID_ARGUMENT -> Cause.WRONG_SERVER;
            default -> Cause.UNREACHABLE;
        };
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }
}
