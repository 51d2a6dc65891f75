package dev.telepath.client.cli;

import dev.telepath.client.engagement.RequestFilter;
import dev.telepath.tunnel.filter.HttpFilter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Which requests an intercept or wiretap is for. Without any: all connections. */
final class FilterOptions {
    @Option(
            names = "--http-header",
            paramLabel = "NAME=VALUE",
            description =
                    "divert only requests with this header; VALUE may be an expression; repeatable, all must match")
    List<String> headers = new ArrayList<>();

    @Option(
            names = "--http-path-equal",
            paramLabel = "PATH",
            description = "divert only requests for this path; of several path options one must match")
    List<String> equal = new ArrayList<>();

    @Option(
            names = "--http-path-prefix",
            paramLabel = "PREFIX",
            description = "divert only requests whose path begins so")
    List<String> prefix = new ArrayList<>();

    @Option(
            names = "--http-path-regex",
            paramLabel = "EXPRESSION",
            description = "divert only requests in whose path the expression is found")
    List<String> regex = new ArrayList<>();

    @Option(
            names = "--http-method",
            paramLabel = "METHOD",
            split = ",",
            description = "divert only requests of this method; of several one must match")
    List<String> methods = new ArrayList<>();

    /**
     * @throws dev.telepath.client.failure.Failure when it cannot be used
     */
    RequestFilter filter() {
        List<String> paths = new ArrayList<>();
        equal.forEach(path -> paths.add(HttpFilter.PATH_EQUAL + path));
        prefix.forEach(path -> paths.add(HttpFilter.PATH_PREFIX + path));
        regex.forEach(path -> paths.add(HttpFilter.PATH_REGEX + path));
        return RequestFilter.of(headers, paths, methods);
    }
}
