package dev.telepath.agent.engage;

import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.tunnel.frame.Protocol;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds the guarded port that a spec means. Pure. */
final class PortMatch {
    private PortMatch() {}

    /**
     * By the port identifier (name or number, optionally {@code /TCP} or {@code /UDP}), else by container or service
     * port, else the only port there is.
     */
    static Optional<GuardedPort> find(InterceptSpec spec, List<GuardedPort> ports) {
        String identifier = spec.getPortIdentifier().strip();
        if (!identifier.isEmpty() && !identifier.equals("0")) {
            return byIdentifier(identifier, spec.getProtocol(), ports);
        }
        if (spec.getContainerPort() != 0 || spec.getServicePort() != 0) {
            return ports.stream()
                    .filter(port -> matches(spec.getProtocol(), port.protocol()))
                    .filter(port -> port.port() == spec.getContainerPort() || port.port() == spec.getServicePort())
                    .findFirst();
        }
        return ports.size() == 1 ? Optional.of(ports.getFirst()) : Optional.empty();
    }

    private static Optional<GuardedPort> byIdentifier(String identifier, String spoken, List<GuardedPort> ports) {
        int slash = identifier.indexOf('/');
        String wanted = slash < 0 ? identifier : identifier.substring(0, slash);
        String protocol = slash < 0 ? spoken : identifier.substring(slash + 1);
        return ports.stream()
                .filter(port -> matches(protocol, port.protocol()))
                .filter(port -> wanted.equals(port.name()) || wanted.equals(Integer.toString(port.port())))
                .findFirst();
    }

    private static boolean matches(String wanted, Protocol protocol) {
        return wanted.isEmpty() || wanted.toUpperCase(Locale.ROOT).equals(protocol.name());
    }

    /** The ports as a message for a person names them. */
    static String list(List<GuardedPort> ports) {
        return ports.stream()
                .map(port ->
                        port.port() + "/" + port.protocol() + (port.name().isEmpty() ? "" : " (" + port.name() + ")"))
                .collect(Collectors.joining(", "));
    }
}
