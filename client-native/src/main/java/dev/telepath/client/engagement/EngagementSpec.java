package dev.telepath.client.engagement;

import java.util.List;

/**
 * What the user wants of a workload.
 *
 * @param container to be replaced; empty = the one that has the port
 * @param service empty = the workload's only one
 * @param address where the local process listens, a host name or address of this machine
 * @param ports at least one for traffic, the first is the main one; none for an ingest
 * @param filter which requests of an intercept; all for the other kinds
 * @param access what it opens on this machine
 * @param held ends with the command that made it, so that no later daemon restores it
 */
public record EngagementSpec(
        String name,
        String workload,
        EngagementKind kind,
        String container,
        String namespace,
        String service,
        String address,
        String mechanism,
        List<PortMapping> ports,
        RequestFilter filter,
        LocalAccess access,
        boolean held) {
    public EngagementSpec {
        ports = List.copyOf(ports);
    }

    /** The same with other ports. */
    EngagementSpec with(List<PortMapping> other) {
        return new EngagementSpec(
                name, workload, kind, container, namespace, service, address, mechanism, other, filter, access, held);
    }

    /** The name of a port's engagement at the manager: the main one has the user's name. */
    String wireName(PortMapping port) {
        if (port.equals(ports.getFirst())) {
            return name;
        }
        return name + "-" + (port.identifier().isEmpty() ? String.valueOf(port.local()) : port.identifier()) + "-"
                + port.protocol().toLowerCase(java.util.Locale.ROOT);
    }
}
