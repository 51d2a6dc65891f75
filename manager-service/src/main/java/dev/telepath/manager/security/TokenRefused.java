package dev.telepath.manager.security;

import io.grpc.Status;
import java.io.Serial;
import java.util.Locale;
import java.util.concurrent.CompletionException;

/** A token that does not let its bearer in. The message is for the bearer and never repeats the token. */
public final class TokenRefused extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    TokenRefused(Reason reason) {
        this(reason, "");
    }

    /**
     * @param more goes on where the reason's text ends; may be empty
     */
    TokenRefused(Reason reason, String more) {
        super(reason.text + more, null, false, false);
        this.reason = reason;
    }

    /** The refusal that a check failed with; anything else is a check that could not be made. */
    static TokenRefused in(Throwable failure) {
        Throwable at = failure;
        while (at instanceof CompletionException && at.getCause() != null) {
            at = at.getCause();
        }
        return at instanceof TokenRefused refused ? refused : new TokenRefused(Reason.UNREVIEWED);
    }

    public Reason reason() {
        return reason;
    }

    /** Why; the label is the metric tag. */
    public enum Reason {
        MISSING("the call carries no bearer token; get one with: telepath-manager token"),
        MALFORMED("the bearer token is no signed token; get a new one with: telepath-manager token"),
        EXPIRED("the token has expired; get a new one with: telepath-manager token"),
        FORGED("the token was not signed by this installation; get one with: telepath-manager token"),
        /** The API server knows it for nobody's, or for another audience. */
        NOT_VOUCHED(
                "the API server does not vouch for the token: it has expired or been revoked, or is not for telepath"),
        /** It is somebody's who is neither client nor agent. */
        NO_ROLE("the API server's token gives no role"),
        /** Nobody could be asked; trying again helps. */
        UNREVIEWED("the API server could not be asked about the token");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        /** What such a call ends with. */
        Status status() {
            return this == UNREVIEWED ? Status.UNAVAILABLE : Status.UNAUTHENTICATED;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
