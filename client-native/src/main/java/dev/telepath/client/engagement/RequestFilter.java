package dev.telepath.client.engagement;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.filter.HttpFilter;
import dev.telepath.tunnel.filter.InvalidFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which requests the user wants, as written.
 *
 * @param headers name to value or expression
 * @param paths each with its kind in front, as on the wire
 */
public record RequestFilter(Map<String, String> headers, List<String> paths, List<String> methods) {
    /** All of them. */
    public static final RequestFilter ALL = new RequestFilter(Map.of(), List.of(), List.of());

    public RequestFilter {
        headers = Map.copyOf(headers);
        paths = List.copyOf(paths);
        methods = List.copyOf(methods);
    }

    /**
     * Of what was given at the command line.
     *
     * @param headers each NAME=VALUE
     * @throws Failure when it cannot be used
     */
    public static RequestFilter of(List<String> headers, List<String> paths, List<String> methods) {
        Map<String, String> named = new LinkedHashMap<>();
        for (String header : headers) {
            int equals = header.indexOf('=');
            if (equals <= 0) {
                throw new Failure(
                        Kind.USAGE,
                        "--http-header " + header + ": a header is written NAME=VALUE",
                        "e.g. --http-header x-user=alice");
            }
            String name = header.substring(0, equals).strip();
            if (named.put(name, header.substring(equals + 1)) != null) {
                throw new Failure(
                        Kind.USAGE,
                        "--http-header " + name + " is given twice",
                        "for one of several values write an expression: " + name + "=^(a|b)$");
            }
        }
        return new RequestFilter(named, paths, methods).checked();
    }

    private RequestFilter checked() {
        try {
            HttpFilter.of(headers, paths, methods);
            return this;
        } catch (InvalidFilter e) {
            throw new Failure(Kind.USAGE, String.valueOf(e.getMessage()), "see docs/filters.md");
        }
    }

    public boolean isAll() {
        return equals(ALL);
    }

    /** For a person; empty for all. */
    public String describe() {
        return isAll() ? "" : HttpFilter.of(headers, paths, methods).describe();
    }

    public ObjectNode json() {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        ObjectNode named = node.putObject("headers");
        headers.forEach(named::put);
        paths.forEach(node.putArray("paths")::add);
        methods.forEach(node.putArray("methods")::add);
        return node;
    }

    /**
     * What {@link #json} wrote; all when there is nothing.
     *
     * @throws Failure when it cannot be used
     */
    public static RequestFilter read(JsonNode node) {
        Map<String, String> headers = new LinkedHashMap<>();
        node.path("headers")
                .properties()
                .forEach(
                        header -> headers.put(header.getKey(), header.getValue().asText()));
        return new RequestFilter(headers, texts(node.path("paths")), texts(node.path("methods"))).checked();
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }
}
