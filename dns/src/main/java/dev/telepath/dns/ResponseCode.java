package dev.telepath.dns;

/** What becomes of a question, by its number. */
public final class ResponseCode {
    public static final int NO_ERROR = 0;
    public static final int FORMAT_ERROR = 1;
    public static final int SERVER_FAILURE = 2;
    /** There is no such name. */
    public static final int NAME_ERROR = 3;

    public static final int NOT_IMPLEMENTED = 4;
    public static final int REFUSED = 5;

    private ResponseCode() {}
}
