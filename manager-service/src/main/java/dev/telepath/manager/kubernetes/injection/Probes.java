package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.Probe;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Probes and hooks of a container, led to its own port again after the agent took it. Changes the container given. */
final class Probes {
    private Probes() {}

    /**
     * @param moved gives each port of a probe its new one, or the same
     */
    static void move(Container container, UnaryOperator<IntOrString> moved) {
        for (Probe probe : probes(container)) {
            if (probe.getHttpGet() != null && probe.getHttpGet().getPort() != null) {
                probe.getHttpGet().setPort(moved.apply(probe.getHttpGet().getPort()));
            }
            if (probe.getTcpSocket() != null && probe.getTcpSocket().getPort() != null) {
                probe.getTcpSocket().setPort(moved.apply(probe.getTcpSocket().getPort()));
            }
            if (probe.getGrpc() != null && probe.getGrpc().getPort() != null) {
                IntOrString port = moved.apply(new IntOrString(probe.getGrpc().getPort()));
                probe.getGrpc().setPort(port.getIntVal());
            }
        }
        if (container.getLifecycle() != null) {
            move(container.getLifecycle().getPostStart(), moved);
            move(container.getLifecycle().getPreStop(), moved);
        }
    }

    private static void move(@Nullable LifecycleHandler hook, UnaryOperator<IntOrString> moved) {
        if (hook != null && hook.getHttpGet() != null && hook.getHttpGet().getPort() != null) {
            hook.getHttpGet().setPort(moved.apply(hook.getHttpGet().getPort()));
        }
        if (hook != null && hook.getTcpSocket() != null && hook.getTcpSocket().getPort() != null) {
            hook.getTcpSocket().setPort(moved.apply(hook.getTcpSocket().getPort()));
        }
    }

    private static List<Probe> probes(Container container) {
        var probes = new ArrayList<Probe>();
        for (Probe probe :
                new Probe[] {container.getLivenessProbe(), container.getReadinessProbe(), container.getStartupProbe()
                }) {
            if (probe != null) {
                probes.add(probe);
            }
        }
        return probes;
    }
}
