package dev.telepath.client.failure;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A failure that a user can act on. The message says what failed and why, the hint what to do next. Never carries a
 * secret.
 */
public final class Failure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final String hint;

    /**
     * @param hint what to do next; may be empty
     */
    public Failure(Kind kind, String message, String hint) {
        this(kind, message, hint, null);
    }

    /** As above, with the cause for the log. */
    public Failure(Kind kind, String message, String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.hint = hint;
    }

    public Kind kind() {
        return kind;
    }

    public String message() {
        return String.valueOf(getMessage());
    }

    /** What to do next; may be empty. */
    public String hint() {
        return hint;
    }
}
