package dev.telepath.tunnel.reconnect;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection is away, from what a call or an attempt failed with. The one place that does this for all programs.
 *
 * @param detail for a person, one line, without secrets
 */
public record Loss(Cause cause, String detail) {
    private static final int MAX_DETAIL = 400;
    private static final int MAX_DEPTH = 32;

    /** A watch or call that should last completed. */
    public static Loss ended(String what) {
        return new Loss(Cause.PEER_CLOSED, "the peer ended " + what);
    }

    /** Classes a failure; wrappers of any kind are looked through. */
    public static Loss of(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            if (at instanceof StatusRuntimeException status) {
                return of(status.getStatus());
            }
            if (at instanceof StatusException status) {
                return of(status.getStatus());
            }
        }
        Cause cause = transport(failure).orElseGet(() -> program(failure));
        return new Loss(cause, line(String.valueOf(deepest(failure).getMessage())));
    }

    private static Cause program(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            if (at instanceof TimeoutException) {
                return Cause.SILENCE;
            }
            if (at instanceof IllegalArgumentException || at instanceof IOException) {
                return Cause.SETUP;
            }
        }
        return Cause.DEFECT;
    }

    private static Loss of(Status status) {
        Throwable under = status.getCause();
        String detail = status.getCode()
                + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (under == null ? "" : " (" + deepest(under).getMessage() + ")");
        Cause cause = under == null ? byCode(status) : transport(under).orElseGet(() -> byCode(status));
        return new Loss(cause, line(detail));
    }

    private static Cause byCode(Status status) {
        String text = String.valueOf(status.getDescription()).toLowerCase(Locale.ROOT);
        boolean gateway = text.contains("http status code");
        return switch (status.getCode()) {
            case UNAUTHENTICATED -> gateway ? Cause.WRONG_SERVER : Cause.CREDENTIALS;
            case PERMISSION_DENIED -> gateway ? Cause.WRONG_SERVER : Cause.NOT_ALLOWED;
            case NOT_FOUND -> Cause.SESSION_UNKNOWN;
            case DEADLINE_EXCEEDED -> Cause.SILENCE;
            case UNIMPLEMENTED -> gateway ? Cause.WRONG_SERVER : Cause.INCOMPATIBLE;
            case FAILED_PRECONDITION, INVALID_ARGUMENT -> Cause.INCOMPATIBLE;
            case UNKNOWN, INTERNAL, DATA_LOSS, OUT_OF_RANGE -> Cause.WRONG_SERVER;
            case CANCELLED -> Cause.PEER_CLOSED;
            case UNAVAILABLE -> unavailable(text, gateway);
            default -> Cause.UNREACHABLE;
        };
    }

    /** What a peer says of itself, and what the transport says of a connection that just went, share one code. */
    private static Cause unavailable(String text, boolean gateway) {
        if (text.contains("keepalive failed")) {
            return Cause.SILENCE;
        }
        if (text.contains("unable to resolve host")) {
            return Cause.UNREACHABLE;
        }
        if (text.contains("goaway")
                || text.contains("network closed")
                || text.contains("connection closed")
                || text.contains("shut")
                || text.contains("drain")) {
            return Cause.PEER_CLOSED;
        }
        return gateway ? Cause.WRONG_SERVER : Cause.UNREACHABLE;
    }

    private static Optional<Cause> transport(@Nullable Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at != null && depth < MAX_DEPTH; depth++, at = at.getCause()) {
            Optional<Cause> cause = switch (at) {
                case CertificateException untrusted -> Optional.of(Cause.UNTRUSTED);
                case NotSslRecordException clear -> Optional.of(Cause.WRONG_SERVER);
                case Http2Exception other -> Optional.of(Cause.WRONG_SERVER);
                case UnknownHostException unknown -> Optional.of(Cause.UNREACHABLE);
                case NoRouteToHostException unrouted -> Optional.of(Cause.UNREACHABLE);
                case ConnectTimeoutException late -> Optional.of(Cause.UNREACHABLE);
                case ConnectException refused ->
                    Optional.of(mentions(refused, "refused") ? Cause.REFUSED : Cause.UNREACHABLE);
                case ClosedChannelException closed -> Optional.of(Cause.PEER_CLOSED);
                case SocketException broken -> Optional.of(broken(broken));
                case IOException broken
                when mentions(broken, "reset") || mentions(broken, "broken pipe") -> Optional.of(Cause.RESET);
                default -> Optional.empty();
            };
            if (cause.isPresent()) {
                return cause;
            }
        }
        return Optional.empty();
    }

    private static Cause broken(SocketException failure) {
        return mentions(failure, "unreachable") || mentions(failure, "no route") ? Cause.UNREACHABLE : Cause.RESET;
    }

    private static boolean mentions(Throwable failure, String words) {
        return String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains(words);
    }

    private static Throwable deepest(Throwable failure) {
        Throwable at = failure;
        for (int depth = 0; at.getCause() != null && depth < MAX_DEPTH; depth++) {
            at = at.getCause();
        }
        return at;
    }

    private static String line(String text) {
        int end = text.indexOf('\n');
        String first = end < 0 ? text : text.substring(0, end);
        return first.length() > MAX_DETAIL ? first.substring(0, MAX_DETAIL) + "…" : first;
    }
}
