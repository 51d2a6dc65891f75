package dev.telepath.manager.engagement;

import dev.telepath.manager.workload.Workload;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.v1.Offering;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds the port of a workload that a client means. Pure. */
sealed interface PortChoice {
    /** The spec with its port filled in. */
    record Chosen(InterceptSpec spec) implements PortChoice {}

    /** What is wrong and what to do, for people. */
    record Wrong(String problem) implements PortChoice {}

    /**
     * Looks for the port by {@code port_identifier} (name or number, optionally {@code /TCP} or {@code /UDP}), else by
     * {@code container_port}, else takes the only one. Without known ports the spec is taken at its word.
     */
    static PortChoice of(InterceptSpec spec, Workload workload) {
        String[] parts = spec.getPortIdentifier().split("/", 2);
        String wanted = parts[0];
        String protocol = (parts.length == 2 ? parts[1] : spec.getProtocol()).toUpperCase(Locale.ROOT);
        if (wanted.isEmpty() && spec.getContainerPort() != 0) {
            wanted = String.valueOf(spec.getContainerPort());
        }
        Optional<Workload.ServicePort> service = service(spec, wanted, protocol, workload);
        if (service.isPresent()) {
            Workload.ServicePort found = service.get();
            InterceptSpec named = spec.toBuilder()
                    .setServiceName(found.service())
                    .setServiceUid(found.uid())
                    .setServicePort(found.port())
                    .setServicePortName(found.name())
                    .build();
            return of(named, String.valueOf(found.target()), found.protocol(), workload);
        }
        return of(spec, wanted, protocol, workload);
    }

    /** A Service's port that is meant: by name or number, of the named Service where there is one. */
    private static Optional<Workload.ServicePort> service(
            InterceptSpec spec, String wanted, String protocol, Workload workload) {
        boolean ofWorkload = spec.getServiceName().isEmpty()
                && workload.ports().stream().anyMatch(port -> names(port, wanted, protocol));
        if (ofWorkload || (wanted.isEmpty() && spec.getServiceName().isEmpty())) {
            return Optional.empty();
        }
        return workload.services().stream()
                .filter(one -> spec.getServiceName().isEmpty() || one.service().equals(spec.getServiceName()))
                .filter(one -> wanted.isEmpty()
                        || one.name().equals(wanted)
                        || String.valueOf(one.port()).equals(wanted)
                        || String.valueOf(one.target()).equals(wanted))
                .filter(one -> protocol.isEmpty() || one.protocol().equals(protocol))
                .findFirst();
    }

    private static boolean names(Offering.Port port, String wanted, String protocol) {
        boolean named =
                port.getName().equals(wanted) || String.valueOf(port.getPort()).equals(wanted);
        return named && (protocol.isEmpty() || protocol.equals(protocol(port)));
    }

    private static PortChoice of(InterceptSpec spec, String wanted, String protocol, Workload workload) {
        List<Offering.Port> ports = workload.ports();
        if (ports.isEmpty()) {
            return new Chosen(unknown(spec, wanted, protocol));
        }
        if (wanted.isEmpty()) {
            return ports.size() == 1
                    ? new Chosen(filled(spec, ports.getFirst()))
                    : new Wrong("workload " + workload.key() + " has several ports, name one of: " + list(ports));
        }
        for (Offering.Port port : ports) {
            if (names(port, wanted, protocol)) {
                return new Chosen(filled(spec, port));
            }
        }
        return new Wrong("workload " + workload.key() + " has no port " + wanted
                + (protocol.isEmpty() ? "" : "/" + protocol) + "; it has: " + list(ports));
    }

    private static InterceptSpec unknown(InterceptSpec spec, String wanted, String protocol) {
        var builder = spec.toBuilder();
        if (spec.getContainerPort() == 0 && wanted.matches("\\d{1,5}")) {
            builder.setContainerPort(Integer.parseInt(wanted));
        }
        return builder.setProtocol(protocol.isEmpty() ? "TCP" : protocol).build();
    }

    private static InterceptSpec filled(InterceptSpec spec, Offering.Port port) {
        var builder = spec.toBuilder().setContainerPort(port.getPort()).setProtocol(protocol(port));
        if (!spec.getServiceUid().isEmpty()) {
            // The agent knows its own ports alone, not those of Services.
            builder.setPortIdentifier(port.getPort() + "/" + protocol(port));
        }
        if (spec.getServicePort() == 0) {
            builder.setServicePort(port.getPort());
        }
        if (spec.getServicePortName().isEmpty()) {
            builder.setServicePortName(port.getName());
        }
        return builder.build();
    }

    private static String protocol(Offering.Port port) {
        return port.getProtocol().isEmpty() ? "TCP" : port.getProtocol().toUpperCase(Locale.ROOT);
    }

    private static String list(List<Offering.Port> ports) {
        return ports.stream()
                .map(port -> port.getPort()
                        + (port.getName().isEmpty() ? "" : " (" + port.getName() + ")")
                        + (protocol(port).equals("TCP") ? "" : "/" + protocol(port)))
                .collect(Collectors.joining(", "));
    }
}
