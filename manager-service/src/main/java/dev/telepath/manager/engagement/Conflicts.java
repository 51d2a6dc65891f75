package dev.telepath.manager.engagement;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import java.util.HashSet;
import java.util.Map;

/** Whether two engagements want the same traffic. Pure, symmetric. */
final class Conflicts {
    private Conflicts() {}

    static boolean between(InterceptSpec one, InterceptSpec other) {
        if (one.getWiretap() || other.getWiretap() || !samePort(one, other)) {
            return false;
        }
        boolean oneFilters = filters(one);
        boolean otherFilters = filters(other);
        if (!oneFilters || !otherFilters) {
            return true;
        }
        Map<String, String> a = one.getHeaderFiltersMap();
        Map<String, String> b = other.getHeaderFiltersMap();
        if (a.isEmpty() != b.isEmpty()) {
            return false;
        }
        if (a.isEmpty()) {
            var paths = new HashSet<>(one.getPathFiltersList());
            return other.getPathFiltersList().stream().anyMatch(paths::contains);
        }
        return a.entrySet().containsAll(b.entrySet()) || b.entrySet().containsAll(a.entrySet());
    }

    private static boolean filters(InterceptSpec spec) {
        return spec.getHeaderFiltersCount() > 0 || spec.getPathFiltersCount() > 0;
    }

    private static boolean samePort(InterceptSpec one, InterceptSpec other) {
        return one.getAgent().equals(other.getAgent())
                && one.getNamespace().equals(other.getNamespace())
                && protocol(one).equals(protocol(other))
                && port(one).equals(port(other));
    }

    /** The container port where it is known; old clients only give the service's port or its name. */
    private static String port(InterceptSpec spec) {
        if (spec.getContainerPort() != 0) {
            return String.valueOf(spec.getContainerPort());
        }
        return spec.getPortIdentifier().isEmpty()
                ? spec.getServiceName() + ":" + spec.getServicePort()
                : spec.getPortIdentifier();
    }

    private static String protocol(InterceptSpec spec) {
        return spec.getProtocol().isEmpty() ? "TCP" : spec.getProtocol();
    }
}
