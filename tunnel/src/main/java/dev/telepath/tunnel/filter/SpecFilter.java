package dev.telepath.tunnel.filter;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;

/** The filter that a spec carries. */
public final class SpecFilter {
    private SpecFilter() {}

    /** Whether there is one. Cheap, and true for one that cannot be read. */
    public static boolean isSet(InterceptSpec spec) {
        return spec.getHeaderFiltersCount() > 0 || spec.getPathFiltersCount() > 0 || spec.getHttpMethodsCount() > 0;
    }

    /**
     * Reads it.
     *
     * @throws InvalidFilter when it cannot be used
     */
    public static HttpFilter of(InterceptSpec spec) {
        return isSet(spec)
                ? HttpFilter.of(spec.getHeaderFiltersMap(), spec.getPathFiltersList(), spec.getHttpMethodsList())
                : HttpFilter.ALL;
    }
}
