package dev.telepath.manager.engagement;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.tunnel.filter.InvalidFilter;
import dev.telepath.tunnel.filter.Overlap;
import dev.telepath.tunnel.filter.SpecFilter;

/** Whether two engagements want the same traffic. Pure, symmetric. */
final class Conflicts {
    private Conflicts() {}

    static boolean between(InterceptSpec one, InterceptSpec other) {
        return !one.getWiretap()
                && !other.getWiretap()
                && samePort(one, other)
                && !(overlap(one, other) instanceof Overlap.Disjoint);
    }

    /** What the filters of both let through. A filter that cannot be read lets nothing through. */
    static Overlap overlap(InterceptSpec one, InterceptSpec other) {
        try {
            return Overlap.of(SpecFilter.of(one), SpecFilter.of(other));
        } catch (InvalidFilter e) {
            return new Overlap.Disjoint();
        }
    }

    /**
     * Whether one stops what the other is engaged with. Ports do not matter: the container is away for all. Symmetric.
     *
     * @param sameClient whether one session holds both, which may replace several ports of one container
     */
    static boolean byReplacement(InterceptSpec one, InterceptSpec other, boolean sameClient) {
        boolean sameWorkload =
                one.getAgent().equals(other.getAgent()) && one.getNamespace().equals(other.getNamespace());
        boolean together = sameClient && one.getReplace() && other.getReplace();
        return sameWorkload
                && (one.getReplace() || other.getReplace())
                && !together
                && !one.getWiretap()
                && !other.getWiretap();
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
