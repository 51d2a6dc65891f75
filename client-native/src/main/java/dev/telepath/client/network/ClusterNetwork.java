package dev.telepath.client.network;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.ClusterInfo;
import dev.telepath.protocol.telepresence.manager.IPNet;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's network, as its manager tells it.
 *
 * @param services networks of Services, as {@code 10.96.0.0/12}
 * @param pods networks of pods
 * @param domain DNS domain of the cluster, as {@code cluster.local.}; may be empty
 * @param dns its name server, if it is told
 */
public record ClusterNetwork(List<String> services, List<String> pods, String domain, Optional<InetAddress> dns) {
    /** Bytes of an address and one with the prefix. */
    private static final List<Integer> CIDR_SIZES = List.of(5, 17);

    /** Before a manager has told anything, and of one without a cluster. */
    public static final ClusterNetwork UNKNOWN = new ClusterNetwork(List.of(), List.of(), "", Optional.empty());

    /**
     * Reads what a manager of any version tells. What is no network is left out: before 2.22 the field of the Services'
     * networks was a DNS address.
     */
    static ClusterNetwork of(ClusterInfo info) {
        List<String> services = new ArrayList<>();
        for (ByteString cidr : info.getServiceCidrsList()) {
            int last = cidr.size() - 1;
            if (CIDR_SIZES.contains(cidr.size())) {
                network(cidr.substring(0, last), cidr.byteAt(last) & 0xff).ifPresent(services::add);
            }
        }
        if (services.isEmpty() && info.hasServiceSubnet()) {
            network(info.getServiceSubnet()).ifPresent(services::add);
        }
        List<String> pods = info.getPodSubnetsList().stream()
                .flatMap(one -> network(one).stream())
                .toList();
        String domain = Stream.of(info.getDns().getClusterDomain(), info.getClusterDomain())
                .filter(one -> !one.isEmpty())
                .findFirst()
                .orElse("");
        return new ClusterNetwork(
                List.copyOf(services), pods, domain, address(info.getDns().getKubeIp()));
    }

    /** Asked for each dial and each name, nearly always of the one that it is. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof ClusterNetwork that
                        && services.equals(that.services)
                        && pods.equals(that.pods)
                        && domain.equals(that.domain)
                        && dns.equals(that.dns);
    }

    @Override
    public int hashCode() {
        return Objects.hash(services, pods, domain, dns);
    }

    /** Whether nothing is known that traffic could be routed by. */
    public boolean isUnknown() {
        return services.isEmpty() && pods.isEmpty();
    }

    private static Optional<String> network(IPNet net) {
        return network(net.getIp(), net.getMask());
    }

    private static Optional<String> network(ByteString address, int prefix) {
        return address(address)
                .filter(known -> prefix >= 0 && prefix <= known.getAddress().length * 8)
                .map(known -> known.getHostAddress() + "/" + prefix);
    }

    private static Optional<InetAddress> address(ByteString bytes) {
        try {
            return bytes.size() == 4 || bytes.size() == 16
                    ? Optional.of(InetAddress.getByAddress(bytes.toByteArray()))
                    : Optional.empty();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }
}
