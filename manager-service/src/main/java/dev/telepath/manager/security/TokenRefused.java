package dev.telepath.manager.security;

import java.io.Serial;
import java.util.Locale;

/** A token that does not let its bearer in. The message is for the bearer and never repeats the token. */
public final class TokenRefused extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    TokenRefused(Reason reason) {
        super(reason.text, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    /** Why; the label is the metric tag. */
    public enum Reason {
        MISSING("the call carries no bearer token; get one with: telepath-manager token"),
        MALFORMED("the bearer token is no signed token; get a new one with: telepath-manager token"),
        EXPIRED("the token has expired; get a new one with: telepath-manager token"),
        FORGED("the token was not signed by this installation; get one with: telepath-manager token");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
