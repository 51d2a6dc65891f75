package dev.telepath.tunnel.reconnect;

import java.util.Locale;

/** Why a connection to a peer was lost or could not be made. The label is what logs, metrics and status show. */
public enum Cause {
    /** The peer ended it: end of file, GOAWAY, a notice. */
    PEER_CLOSED(Remedy.AT_ONCE),
    /** The peer does not know the session any more. */
    SESSION_UNKNOWN(Remedy.AT_ONCE),
    /** The transport was reset. */
    RESET(Remedy.BACK_OFF),
    /** Nothing listens there. */
    REFUSED(Remedy.BACK_OFF),
    /** The network does not lead there, or the name is unknown. */
    UNREACHABLE(Remedy.BACK_OFF),
    /** No progress within the limit. */
    SILENCE(Remedy.BACK_OFF),
    /** What answers there is no such peer. It may be a gateway before one that is away, so it is tried again. */
    WRONG_SERVER(Remedy.BACK_OFF),
    /** The token is wrong or expired. */
    CREDENTIALS(Remedy.REFRESH),
    /** The peer proves to be another than the one that the token names. */
    UNTRUSTED(Remedy.REFRESH),
    /** The token does not allow it. */
    NOT_ALLOWED(Remedy.PERSON),
    /** The peer lacks what is needed, or refuses this version. */
    INCOMPATIBLE(Remedy.PERSON),
    /** A setting or file is missing or wrong. It may be under way, as a mounted secret is, and is read at each try. */
    SETUP(Remedy.BACK_OFF),
    /** A defect of this program. */
    DEFECT(Remedy.BACK_OFF),
    /** The user asked for a new connection. */
    ASKED(Remedy.AT_ONCE);

    /** What helps. */
    public enum Remedy {
        /** Trying again at once, and with back-off when that did not help. */
        AT_ONCE,
        /** Trying again after a wait. */
        BACK_OFF,
        /** Credentials that are read again, once; then as {@link #PERSON}. */
        REFRESH,
        /** Only a person. */
        PERSON
    }

    private final Remedy remedy;

    Cause(Remedy remedy) {
        this.remedy = remedy;
    }

    public Remedy remedy() {
        return remedy;
    }

    /** Lower case with dashes, e.g. {@code peer-closed}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
