package dev.telepath.manager.wire;

import io.grpc.Status;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;

/** How the end of a call is told: as trailers, or as the only headers when nothing was sent before. */
final class EndOfCall {
    private static final String STATUS = "grpc-status";
    private static final String MESSAGE = "grpc-message";
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private EndOfCall() {}

    /**
     * Ends the response.
     *
     * @param headed whether something was sent before
     */
    static void write(HttpServerResponse response, boolean headed, Status status) {
        String code = Integer.toString(status.getCode().value());
        String why = status.getDescription();
        if (headed) {
            response.putTrailer(STATUS, code);
            if (why != null) {
                response.putTrailer(MESSAGE, encoded(why));
            }
        } else {
            response.putHeader("content-type", "application/grpc").putHeader(STATUS, code);
            if (why != null) {
                response.putHeader(MESSAGE, encoded(why));
            }
        }
        response.end();
    }

    /** Percent-encoded: everything but printable ASCII, and the percent sign. */
    static String encoded(String message) {
        var out = new StringBuilder(message.length());
        for (byte one : message.getBytes(StandardCharsets.UTF_8)) {
            if (one >= ' ' && one <= '~' && one != '%') {
                out.append((char) one);
            } else {
                out.append('%').append(HEX[one >> 4 & 0xf]).append(HEX[one & 0xf]);
            }
        }
        return out.toString();
    }
}
