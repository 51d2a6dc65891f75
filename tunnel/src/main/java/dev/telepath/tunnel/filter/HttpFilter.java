package dev.telepath.tunnel.filter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which requests an engagement is for: those with all of the headers, one of the paths and one of the methods. What is
 * empty asks for nothing. Immutable.
 *
 * @param headers by lower-case name
 */
public record HttpFilter(Map<String, Match> headers, List<Match> paths, Set<String> methods) {
    /** Every request, and everything that is no HTTP. */
    public static final HttpFilter ALL = new HttpFilter(Map.of(), List.of(), Set.of());

    public static final String PATH_EQUAL = ":path-equal:";
    public static final String PATH_PREFIX = ":path-prefix:";
    public static final String PATH_REGEX = ":path-regex:";

    private static final int MAX_PARTS = 32;
    private static final int MAX_NAME = 256;
    private static final int MAX_VALUE = 4096;
    /** With one of these a value is an expression. A dot alone is not enough: it is in every host and mail address. */
    private static final String EXPRESSION_MARKS = "\\+*?()|[]{}^$";

    public HttpFilter {
        headers = Map.copyOf(headers);
        paths = List.copyOf(paths);
        methods = Set.copyOf(methods);
    }

    /**
     * Reads a filter as it is on the wire.
     *
     * @param headers name to value; a value with a mark of expressions is one, except that of dots alone
     * @param paths each behind {@link #PATH_EQUAL}, {@link #PATH_PREFIX}, {@link #PATH_REGEX} or nothing, which is equal
     * @throws InvalidFilter when a part cannot be used, or there are too many
     */
    public static HttpFilter of(Map<String, String> headers, List<String> paths, List<String> methods) {
        if (headers.size() > MAX_PARTS || paths.size() > MAX_PARTS || methods.size() > MAX_PARTS) {
            throw new InvalidFilter("a filter has at most " + MAX_PARTS + " headers, paths and methods each");
        }
        Map<String, Match> parsed = new LinkedHashMap<>();
        headers.forEach((name, value) -> {
            if (parsed.put(headerName(name), header(name, value)) != null) {
                throw new InvalidFilter("header " + name + " is named twice; one value or expression for each header");
            }
        });
        return new HttpFilter(
                parsed,
                paths.stream().map(HttpFilter::path).toList(),
                methods.stream().map(HttpFilter::method).collect(Collectors.toSet()));
    }

    private static String headerName(String name) {
        if (name.length() > MAX_NAME || !isToken(name)) {
            throw new InvalidFilter(
                    "\"" + shortened(name) + "\" is no header name; write NAME=VALUE, e.g. x-user=alice");
        }
        return name.toLowerCase(Locale.ROOT);
    }

    private static Match header(String name, String value) {
        String what = "header " + shortened(name);
        if (value.isEmpty() || value.length() > MAX_VALUE) {
            throw new InvalidFilter(what + ": a value has 1 to " + MAX_VALUE + " characters; .* is any value");
        }
        if (!isText(value) || !value.equals(value.strip())) {
            throw new InvalidFilter(
                    what + ": a value is of visible characters, without blanks at its ends, as headers are sent");
        }
        boolean expression = value.chars().anyMatch(c -> EXPRESSION_MARKS.indexOf(c) >= 0);
        return expression ? Match.expression(what, value) : new Match.Exact(value);
    }

    private static Match path(String path) {
        if (path.length() > MAX_VALUE) {
            throw new InvalidFilter("path " + shortened(path) + ": a path has at most " + MAX_VALUE + " characters");
        }
        if (path.startsWith(PATH_REGEX)) {
            return Match.expression("path", path.substring(PATH_REGEX.length()));
        }
        if (path.startsWith(PATH_PREFIX)) {
            return new Match.Prefix(literal(path.substring(PATH_PREFIX.length())));
        }
        return new Match.Exact(literal(path.startsWith(PATH_EQUAL) ? path.substring(PATH_EQUAL.length()) : path));
    }

    private static String literal(String path) {
        boolean shaped = path.startsWith("/") && isText(path) && path.indexOf(' ') < 0;
        if (!shaped || path.indexOf('?') >= 0 || path.indexOf('#') >= 0) {
            throw new InvalidFilter("path \"" + shortened(path)
                    + "\" is none that a request can have; it begins with / and has no blank, query or fragment");
        }
        return path;
    }

    private static String method(String method) {
        if (method.length() > 32 || !isToken(method)) {
            throw new InvalidFilter("\"" + shortened(method) + "\" is no method; write e.g. GET");
        }
        return method.toUpperCase(Locale.ROOT);
    }

    private static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0));
    }

    private static boolean isText(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c != 127);
    }

    private static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }

    /** Whether it lets everything through, HTTP or not. */
    public boolean isAll() {
        return headers.isEmpty() && paths.isEmpty() && methods.isEmpty();
    }

    public boolean matches(RequestHead request) {
        return (methods.isEmpty() || methods.contains(request.method()))
                && (paths.isEmpty() || paths.stream().anyMatch(path -> path.matches(request.path())))
                && headers.entrySet().stream()
                        .allMatch(header -> header.getValue().matches(request.header(header.getKey())));
    }

    /** For a person, in one line: {@code GET or HEAD, path starts with /api, x-user = alice}. */
    public String describe() {
        if (isAll()) {
            return "everything";
        }
        List<String> parts = new ArrayList<>();
        if (!methods.isEmpty()) {
            parts.add(String.join(" or ", new TreeSet<>(methods)));
        }
        if (!paths.isEmpty()) {
            parts.add("path " + paths.stream().map(Match::describe).collect(Collectors.joining(" or ")));
        }
        new TreeMap<>(headers).forEach((name, value) -> parts.add(name + " " + value.describe()));
        return String.join(", ", parts);
    }
}
