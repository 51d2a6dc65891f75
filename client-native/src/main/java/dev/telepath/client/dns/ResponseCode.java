package dev.telepath.client.dns;

/** What becomes of a question, by its number. */
final class ResponseCode {
    static final int NO_ERROR = 0;
    static final int FORMAT_ERROR = 1;
    static final int SERVER_FAILURE = 2;
    /** There is no such name. */
    static final int NAME_ERROR = 3;

    static final int NOT_IMPLEMENTED = 4;
    static final int REFUSED = 5;

    private ResponseCode() {}
}
