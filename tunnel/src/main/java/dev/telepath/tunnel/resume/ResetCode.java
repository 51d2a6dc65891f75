package dev.telepath.tunnel.resume;

/** Why a stream ended, as the wire says it. */
public enum ResetCode {
    /** Both directions were closed and everything arrived. */
    CLEAN(0),
    /** A local socket was reset. */
    RESET(1),
    /** The destination could not be dialled. */
    REFUSED(2),
    /** The destination did not answer in time. */
    DIAL_TIMED_OUT(3),
    /** No link came back within the resume window. */
    EXPIRED(4),
    /** The other edge does not know the stream. */
    UNKNOWN(5),
    /** The other edge broke the protocol: a gap, more than the credit, an offset beyond what was sent. */
    VIOLATION(6),
    /** The session that the stream should go to has no resumable streams; the older kind may reach it. */
    NOT_OFFERED(7),
    /** The session that the stream should go to is not attached now. */
    NOT_ATTACHED(8),
    /** The initiator may not open a stream to there. */
    NOT_ALLOWED(9);

    private final int number;

    ResetCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /** The code of that number; {@link #RESET} for those of newer peers. */
    public static ResetCode of(int number) {
        for (ResetCode code : values()) {
            if (code.number == number) {
                return code;
            }
        }
        return RESET;
    }
}
