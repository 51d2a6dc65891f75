package dev.telepath.client.gateway;

import dev.telepath.client.network.IpNetwork;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.List;

/**
 * Which way an address lies. Pure.
 *
 * @param cluster networks of the cluster, and those that lie behind it
 * @param never networks that this machine reaches itself, whatever the cluster says
 * @param mapped networks of the cluster that are shown under other addresses, a smaller one before one around it
 * @param own the network of the device: its stand-ins and its name server
 */
public record Destinations(List<IpNetwork> cluster, List<IpNetwork> never, List<Mapping> mapped, DeviceAddresses own) {
    /** A network of the cluster, and the one of the same size that it is shown as. */
    public record Mapping(IpNetwork real, IpNetwork shown) {}

    /** How a destination is reached. */
    public sealed interface Way {
        /** By a stream to the cluster. */
        record Cluster(InetSocketAddress destination) implements Way {}

        /** From this machine. */
        record Local(InetSocketAddress destination) implements Way {}

        /** Not at all. */
        record None(String why) implements Way {}
    }

    public Destinations {
        cluster = List.copyOf(cluster);
        never = List.copyOf(never);
        mapped = mapped.stream()
                .sorted(Comparator.comparing((Mapping each) -> -each.real().prefix()))
                .toList();
    }

    /** Where what is sent to an address goes. */
    public Way of(InetSocketAddress destination) {
        InetAddress address = destination.getAddress();
        if (address.equals(own.host())) {
            return new Way.Local(new InetSocketAddress(InetAddress.getLoopbackAddress(), destination.getPort()));
        }
        for (Mapping each : mapped) {
            if (each.shown().contains(address)) {
                return new Way.Cluster(
                        new InetSocketAddress(each.shown().translate(address, each.real()), destination.getPort()));
            }
        }
        if (own.contains(address)) {
            return new Way.None(address.getHostAddress() + " is one of tp's own addresses");
        }
        if (address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isMulticastAddress()) {
            return new Way.None(address.getHostAddress() + " leads nowhere");
        }
        return isCluster(address) ? new Way.Cluster(destination) : new Way.Local(destination);
    }

    /** Whether an address is reached by the cluster. */
    public boolean isCluster(InetAddress address) {
        return mapped.stream().anyMatch(each -> each.shown().contains(address))
                || never.stream().noneMatch(each -> each.contains(address))
                        && cluster.stream().anyMatch(each -> each.contains(address));
    }

    /** The address that programs are shown for one of the cluster. */
    public InetAddress shown(InetAddress real) {
        for (Mapping each : mapped) {
            if (each.real().contains(real)) {
                return each.real().translate(real, each.shown());
            }
        }
        return real;
    }

    /** The address of the cluster behind one that programs were shown. */
    public InetAddress real(InetAddress shown) {
        for (Mapping each : mapped) {
            if (each.shown().contains(shown)) {
                return each.shown().translate(shown, each.real());
            }
        }
        return shown;
    }
}
