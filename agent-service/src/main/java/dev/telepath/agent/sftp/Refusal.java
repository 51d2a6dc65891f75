package dev.telepath.agent.sftp;

/** Why one request is not served; the connection goes on. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    /** The status that the client reads. */
    enum Status {
        OK(0),
        END_OF_FILE(1),
        NO_SUCH_FILE(2),
        PERMISSION_DENIED(3),
        FAILURE(4),
        BAD_MESSAGE(5),
        UNSUPPORTED(8);

        private final int code;

        Status(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    private final Status status;

    Refusal(Status status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    static Refusal missing() {
        return new Refusal(Status.NO_SUCH_FILE, "no such file, or not lent");
    }

    static Refusal readOnly() {
        return new Refusal(Status.PERMISSION_DENIED, "this is lent read-only");
    }

    Status status() {
        return status;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
