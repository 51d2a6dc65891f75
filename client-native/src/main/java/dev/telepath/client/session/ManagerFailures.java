package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.Loss;
import io.grpc.Status;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** What a call to the manager failed with, as a failure for the user. What that means for the connection is {@link Loss}. Pure. */
public final class ManagerFailures {
    private ManagerFailures() {}

    /**
     * @param doing what was attempted, e.g. "attach to https://127.0.0.1:8443"
     */
    public static Failure of(Throwable raw, String doing) {
        Throwable cause = raw;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof Failure known) {
            return known;
        }
        if (cause instanceof TimeoutException) {
            return failure(
                    Kind.UNREACHABLE,
                    doing,
                    "no answer in time",
                    "check that the manager runs and is reachable",
                    cause);
        }
        Status status = Status.fromThrowable(cause);
        String why = detail(status);
        return switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED ->
                tls(status.getCause())
                        ? failure(
                                Kind.UNREACHABLE,
                                doing,
                                why,
                                "is that port the manager's, and the token of this installation?",
                                cause)
                        : failure(Kind.UNREACHABLE, doing, why, "check that the manager runs and is reachable", cause);
            case UNAUTHENTICATED ->
                failure(
                        Kind.DENIED,
                        doing,
                        why,
                        "get a fresh token: telepath-manager token --role client --name NAME",
                        cause);
            case PERMISSION_DENIED ->
                failure(Kind.DENIED, doing, why, "ask for the right, or for a token that has it", cause);
            case NOT_FOUND -> failure(Kind.NOT_FOUND, doing, why, "see tp list", cause);
            case ALREADY_EXISTS, ABORTED -> failure(Kind.CONFLICT, doing, why, "see tp list", cause);
            case INTERNAL, UNKNOWN, UNIMPLEMENTED ->
                failure(Kind.UNREACHABLE, doing, why, "is what listens there a Telepath manager?", cause);
            default -> failure(Kind.FAILED, doing, why, "see tp gather-logs", cause);
        };
    }

    /** Why a connection is away that failed with this. */
    static Cause cause(Failure failure) {
        Throwable under = failure.getCause();
        if (under != null) {
            return Loss.of(under).cause();
        }
        return switch (failure.kind()) {
            case DENIED -> Cause.CREDENTIALS;
            case USAGE -> Cause.SETUP;
            case UNREACHABLE -> Cause.UNREACHABLE;
            default -> Cause.DEFECT;
        };
    }

    /** Whether the manager does not know the session or thing named. */
    static boolean isUnknown(Failure failure) {
        return failure.kind() == Kind.NOT_FOUND;
    }

    private static boolean tls(java.lang.@org.jspecify.annotations.Nullable Throwable cause) {
        for (Throwable c = cause; c != null; c = c.getCause()) {
            if (c instanceof SSLException || c instanceof java.security.cert.CertificateException) {
                return true;
            }
        }
        return false;
    }

    private static String detail(Status status) {
        var text = new StringBuilder(
                status.getDescription() == null ? status.getCode().toString() : status.getDescription());
        Throwable deepest = status.getCause();
        while (deepest != null && deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        if (deepest != null && deepest.getMessage() != null && text.indexOf(deepest.getMessage()) < 0) {
            text.append(": ").append(deepest.getMessage());
        }
        String flat = text.toString()
                .replaceAll("\\s+", " ")
                .replaceAll(" ?Channel Pipeline: \\[[^\\]]*\\]", "")
                .replaceAll("(record|bytes): [0-9a-f]{8,}.*", "$1")
                .strip();
        return flat.length() > 400 ? flat.substring(0, 400) + "…" : flat;
    }

    private static Failure failure(Kind kind, String doing, String why, String hint, Throwable cause) {
        return new Failure(kind, "cannot " + doing + ": " + why, hint, cause);
    }
}
