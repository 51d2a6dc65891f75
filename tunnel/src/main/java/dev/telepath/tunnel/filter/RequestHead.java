package dev.telepath.tunnel.filter;

import java.util.Locale;
import java.util.Map;

/**
 * What filters look at.
 *
 * @param method as sent, e.g. {@code GET}
 * @param path without query and fragment, as sent: percent signs are not decoded
 * @param headers by lower-case name; of a header sent several times the first value
 */
public record RequestHead(String method, String path, Map<String, String> headers) {
    public RequestHead {
        headers = Map.copyOf(headers);
    }

    /** The path of a request target: {@code /p?q}, {@code http://host/p?q}; empty where there is none. */
    public static String pathOf(String target) {
        int from = 0;
        if (!target.startsWith("/") && !target.equals("*")) {
            int authority = target.indexOf("://");
            if (authority < 0) {
                return "";
            }
            from = target.indexOf('/', authority + 3);
            if (from < 0) {
                return "/";
            }
        }
        int end = from;
        while (end < target.length() && target.charAt(end) != '?' && target.charAt(end) != '#') {
            end++;
        }
        return target.substring(from, end);
    }

    /** Empty when it is absent. */
    String header(String name) {
        return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }

    /** For a person: {@code GET /api with x-user: alice}. */
    public String describe() {
        var text = new StringBuilder(method).append(' ').append(path);
        String before = " with ";
        for (var header : new java.util.TreeMap<>(headers).entrySet()) {
            text.append(before).append(header.getKey()).append(": ").append(header.getValue());
            before = ", ";
        }
        return text.toString();
    }
}
