package dev.telepath.agent.split;

import dev.telepath.tunnel.filter.RequestHead;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Heads of HTTP/1 messages, read only as far as is needed to tell where the message ends and who gets it. What two
 * readers could understand differently is not read at all, so that nobody can hide a request in another.
 */
sealed interface HttpHead {
    record Request(RequestHead head, Body body) implements HttpHead {}

    /**
     * @param interim whether another head follows for the same request
     * @param switched whether the connection speaks something else from here on
     */
    record Response(int status, boolean interim, boolean switched, Body body) implements HttpHead {}

    /** Empty when it is no request of HTTP/1, or its end is not certain. */
    static Optional<Request> request(List<String> lines) {
        String[] start = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ", -1);
        if (start.length != 3 || !start[2].matches("HTTP/1\\.[01]") || !isToken(start[0]) || start[1].isEmpty()) {
            return Optional.empty();
        }
        return headers(lines).flatMap(headers -> {
            String coding = headers.get("transfer-encoding");
            String length = headers.get("content-length");
            Body body;
            if (coding != null) {
                boolean plain = coding.equalsIgnoreCase("chunked") && length == null && start[2].endsWith("1");
                body = plain ? new Body.Chunked() : null;
            } else {
                body = length == null ? Body.none() : length(length);
            }
            return Optional.ofNullable(body)
                    .map(known -> new Request(new RequestHead(start[0], RequestHead.pathOf(start[1]), headers), known));
        });
    }

    /**
     * Empty when it is no response of HTTP/1, or its end is not certain.
     *
     * @param method of the request
     */
    static Optional<Response> response(List<String> lines, String method) {
        String start = lines.isEmpty() ? "" : lines.getFirst();
        if (!start.matches("HTTP/1\\.[01] [1-9][0-9][0-9]( .*)?")) {
            return Optional.empty();
        }
        int status = Integer.parseInt(start.substring(9, 12));
        return headers(lines).flatMap(headers -> {
            boolean switched = status == 101 || (method.equals("CONNECT") && status / 100 == 2);
            if (switched || status / 100 == 1) {
                return Optional.of(new Response(status, !switched, switched, Body.none()));
            }
            String coding = headers.get("transfer-encoding");
            String length = headers.get("content-length");
            Body body;
            if (method.equals("HEAD") || status == 204 || status == 304) {
                body = Body.none();
            } else if (coding != null) {
                String last = coding.substring(coding.lastIndexOf(',') + 1).strip();
                boolean chunked = last.equalsIgnoreCase("chunked") && length == null;
                body = chunked ? new Body.Chunked() : new Body.UntilClose();
            } else {
                body = length == null ? new Body.UntilClose() : length(length);
            }
            return Optional.ofNullable(body).map(known -> new Response(status, false, false, known));
        });
    }

    private static @org.jspecify.annotations.Nullable Body length(String text) {
        return text.matches("[0-9]{1,18}") ? new Body.Length(Long.parseLong(text)) : null;
    }

    /** First values by lower-case name; empty when a line is none, or those that say the length differ. */
    private static Optional<Map<String, String>> headers(List<String> lines) {
        var headers = new HashMap<String, String>();
        for (String line : lines.subList(1, lines.size())) {
            int colon = line.indexOf(':');
            if (colon <= 0 || !isToken(line.substring(0, colon)) || hasControls(line)) {
                return Optional.empty();
            }
            String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
            String value = trimmed(line.substring(colon + 1));
            String before = headers.putIfAbsent(name, value);
            boolean framing = name.equals("content-length") || name.equals("transfer-encoding");
            if (framing && before != null && !(before.equals(value) && name.equals("content-length"))) {
                return Optional.empty();
            }
        }
        return Optional.of(headers);
    }

    /** Without blanks and tabs at its ends; other blanks are not HTTP's. */
    private static String trimmed(String text) {
        int from = 0;
        int end = text.length();
        while (from < end && (text.charAt(from) == ' ' || text.charAt(from) == '\t')) {
            from++;
        }
        while (end > from && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == '\t')) {
            end--;
        }
        return text.substring(from, end);
    }

    private static boolean hasControls(String line) {
        return line.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 127);
    }

    private static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean token = c < 128 && (Character.isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
            if (!token) {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
