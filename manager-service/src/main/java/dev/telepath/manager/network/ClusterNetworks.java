package dev.telepath.manager.network;

import dev.telepath.manager.watch.Changes;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** What is known of the cluster's networks at a time. Thread-safe, does not block. */
public interface ClusterNetworks {
    /** Without a cluster none is known. */
    ClusterNetworks NONE = new ClusterNetworks() {
        private final Changes never = new Changes();

        @Override
        public Networks now() {
            return new Networks(List.of(), List.of(), Optional.empty(), Optional.empty());
        }

        @Override
        public Changes changes() {
            return never;
        }
    };

    /**
     * @param services where Services have their addresses
     * @param pods where pods have theirs, those of the nodes' own network excepted
     * @param dns the cluster's name server
     * @param manager the address of this manager's pod
     */
    record Networks(
            List<Subnet> services, List<Subnet> pods, Optional<InetAddress> dns, Optional<InetAddress> manager) {}

    Networks now();

    /** Fires when {@link #now} may have changed. */
    Changes changes();
}
