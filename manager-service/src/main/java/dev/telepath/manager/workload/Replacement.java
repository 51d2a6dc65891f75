package dev.telepath.manager.workload;

import dev.telepath.protocol.telepresence.manager.InterceptSpec;

/**
 * What of a workload is stopped, so that its agent takes its place.
 *
 * @param container name; empty for the one that has the port
 * @param port name or number that a client means, optionally with {@code /TCP} or {@code /UDP}; empty for any
 */
public record Replacement(String container, String port) {
    /** What a spec with {@code replace} asks for. */
    public static Replacement of(InterceptSpec spec) {
        String port = spec.getPortIdentifier().isEmpty() && spec.getContainerPort() != 0
                ? String.valueOf(spec.getContainerPort())
                : spec.getPortIdentifier();
        return new Replacement(spec.getContainerName(), port);
    }
}
