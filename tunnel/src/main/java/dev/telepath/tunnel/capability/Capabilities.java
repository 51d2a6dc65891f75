package dev.telepath.tunnel.capability;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * What the peer of one connection can do. Made anew for each connection: the peer may have been upgraded since.
 *
 * <p>A call that answers {@code UNIMPLEMENTED} costs one INFO line and one count of
 * {@code telepath_capability_unsupported_total}, once per connection; from then on its fallback is used at once.
 *
 * <p>Thread-safe.
 */
public final class Capabilities {
    private static final Logger LOG = Logger.getLogger(Capabilities.class);

    /** What is known of one capability. */
    public enum Support {
        UNKNOWN,
        SUPPORTED,
        UNSUPPORTED
    }

    private final String peer;
    private final MeterRegistry metrics;
    private final Map<Capability, Support> known = new EnumMap<>(Capability.class);

    /**
     * @param peer the peer's product and version, as logs should name it
     */
    public Capabilities(String peer, MeterRegistry metrics) {
        this.peer = peer;
        this.metrics = metrics;
    }

    /** The peer's product and version. */
    public String peer() {
        return peer;
    }

    public synchronized Support of(Capability capability) {
        return known.getOrDefault(capability, Support.UNKNOWN);
    }

    /** Takes over what a handshake said: those named are supported, all others are not. */
    public void learn(Set<Capability> supported) {
        for (Capability capability : Capability.values()) {
            if (supported.contains(capability)) {
                synchronized (this) {
                    known.put(capability, Support.SUPPORTED);
                }
            } else {
                unsupported(capability);
            }
        }
    }

    /** Calls where the peer may have the capability, else or on {@code UNIMPLEMENTED} uses the fallback. */
    public <T> Uni<T> call(Capability capability, Supplier<Uni<T>> call, Supplier<Uni<T>> fallback) {
        return Uni.createFrom().deferred(() -> {
            if (of(capability) == Support.UNSUPPORTED) {
                return fallback.get();
            }
            return call.get()
                    .onItem()
                    .invoke(() -> supported(capability))
                    .onFailure(Capabilities::isUnimplemented)
                    .recoverWithUni(() -> {
                        unsupported(capability);
                        return fallback.get();
                    });
        });
    }

    /** As {@link #call}, for a stream. */
    public <T> Multi<T> watch(Capability capability, Supplier<Multi<T>> call, Supplier<Multi<T>> fallback) {
        return Multi.createFrom().deferred(() -> {
            if (of(capability) == Support.UNSUPPORTED) {
                return fallback.get();
            }
            return call.get()
                    .onItem()
                    .invoke(() -> supported(capability))
                    .onFailure(Capabilities::isUnimplemented)
                    .recoverWithMulti(() -> {
                        unsupported(capability);
                        return fallback.get();
                    });
        });
    }

    private synchronized void supported(Capability capability) {
        known.putIfAbsent(capability, Support.SUPPORTED);
    }

    private void unsupported(Capability capability) {
        synchronized (this) {
            if (known.put(capability, Support.UNSUPPORTED) == Support.UNSUPPORTED) {
                return;
            }
        }
        LOG.infof("feature not offered by peer capability=%s peer=\"%s\"", capability.label(), peer);
        metrics.counter("telepath.capability.unsupported", "capability", capability.label())
                .increment();
    }

    private static boolean isUnimplemented(Throwable failure) {
        return failure instanceof StatusRuntimeException status
                && status.getStatus().getCode() == Status.Code.UNIMPLEMENTED;
    }
}
