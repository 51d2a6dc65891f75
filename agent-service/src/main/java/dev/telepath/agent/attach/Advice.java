package dev.telepath.agent.attach;

import dev.telepath.tunnel.reconnect.Cause;

/** What the log line of a loss ends with: what happens next, or what a person should do. Pure. */
final class Advice {
    private Advice() {}

    static String on(Cause cause) {
        return switch (cause) {
            case PEER_CLOSED -> "the manager ended the connection; attaching again";
            case RESET -> "the connection broke; attaching again";
            case REFUSED, UNREACHABLE ->
                "attaching again; is the manager running, the address right, and clear text (http://) right for that"
                        + " port?";
            case SILENCE -> "the manager does not answer; attaching again";
            case SESSION_UNKNOWN -> "the manager does not know this agent any more; arriving again";
            case CREDENTIALS ->
                "the token is wrong or expired: get one with telepath-manager token --role agent and put it into the"
                        + " token file, which is read at each attempt";
            case NOT_ALLOWED -> "the token does not allow it: an agent needs a token of --role agent";
            case UNTRUSTED -> "the token pins another CA: use the token of this manager";
            case WRONG_SERVER -> "what answers there is no manager; check --manager (http:// for a clear-text one)";
            case INCOMPATIBLE -> "manager and agent do not fit each other; check their versions and --manager";
            case SETUP -> "correct it; it is read at each attempt";
            case DEFECT -> "attaching again; please report this";
            case ASKED -> "attaching again";
        };
    }
}
