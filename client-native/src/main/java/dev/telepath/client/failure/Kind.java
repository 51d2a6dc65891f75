package dev.telepath.client.failure;

import java.util.Locale;

/** Kinds of failure and their exit codes. The codes are part of the interface; docs/exit-codes.md lists them. */
public enum Kind {
    /** Anything that has no kind of its own. */
    FAILED(1),
    /** A wrong flag, argument or setting. */
    USAGE(2),
    /** No daemon runs, or it is not connected. */
    NOT_CONNECTED(3),
    /** The manager cannot be reached, or what answers is no manager. */
    UNREACHABLE(4),
    /** The manager does not accept the token, or the token does not allow this. */
    DENIED(5),
    /** The workload or engagement named does not exist. */
    NOT_FOUND(6),
    /** Somebody else, or another engagement, has it already. */
    CONFLICT(7),
    /** It did not happen in time. */
    TIMED_OUT(124),
    /** The user ended it. */
    INTERRUPTED(130);

    private final int exitCode;

    Kind(int exitCode) {
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }

    /** Lower case with dashes, as it appears in JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The kind of that label; {@link #FAILED} for those of a newer daemon. */
    public static Kind of(String label) {
        for (Kind kind : values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
        }
        return FAILED;
    }
}
