package dev.telepath.manager.relay;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.tunnel.bridge.Credit;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** One pool of byte credit for each connection, kept while it has streams. Thread-safe. */
@Singleton
public final class Credits {
    private final Map<SocketAddress, Shared> pools = new ConcurrentHashMap<>();
    private final ManagerSettings.StreamSettings settings;
    private final Credit unknown;

    private record Shared(Credit credit, int users) {}

    @Inject
    Credits(ManagerSettings settings) {
        this.settings = settings.streams();
        this.unknown = pool();
    }

    private Credit pool() {
        return new Credit(
                settings.credit().asLongValue(), settings.connectionCredit().asLongValue());
    }

    /**
     * The pool of the connection from that address, to be given back with {@link #release}. Callers of unknown address
     * share one.
     */
    public Credit take(@Nullable SocketAddress peer) {
        if (peer == null) {
            return unknown;
        }
        Shared shared = pools.compute(
                peer, (key, old) -> old == null ? new Shared(pool(), 1) : new Shared(old.credit(), old.users() + 1));
        return shared == null ? unknown : shared.credit();
    }

    /** Gives the pool back. */
    public void release(@Nullable SocketAddress peer) {
        if (peer != null) {
            pools.computeIfPresent(
                    peer, (key, old) -> old.users() == 1 ? null : new Shared(old.credit(), old.users() - 1));
        }
    }

    /** The pool of what the manager itself dials. */
    public Credit own() {
        return unknown;
    }

    /** Bytes in use on all connections. */
    public long inUse() {
        return unknown.inUse()
                + pools.values().stream().mapToLong(one -> one.credit().inUse()).sum();
    }
}
