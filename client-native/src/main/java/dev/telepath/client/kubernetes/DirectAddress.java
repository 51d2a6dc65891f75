package dev.telepath.client.kubernetes;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.network.OwnDevice;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerProbe;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The address at which a manager in a cluster may be reached without the API server: its pod's, where this machine has a way there (a VPN,
 * a cluster on this machine), or one that somebody has configured (a load balancer, a node's port). Thread-safe.
 */
final class DirectAddress {
    /** A connection that ended sooner was not worth it: the network may take small packets and lose large ones. */
    static final Duration WORTH = Duration.ofMinutes(1);
    /** For a way within one machine, whatever else that is doing. */
    private static final Duration LEAST = Duration.ofMillis(20);
    /** For TLS, once somebody there has taken the connection. */
    private static final Duration HANDSHAKE = Duration.ofSeconds(3);

    /** Of a name: one of either family. */
    private static final int MOST_ADDRESSES = 2;

    private final boolean pods;
    private final Optional<InetSocketAddress> configured;
    private final Duration connect;
    private final OwnDevice device;
    private final InstantSource clock;
    private @Nullable Used last;

    /** The address that was used the last time. */
    private record Used(InetSocketAddress address, Instant at) {}

    DirectAddress(Settings settings, InstantSource clock) {
        String transport = settings.text(Setting.KUBERNETES_TRANSPORT);
        this.pods = transport.equals(Settings.AUTO);
        this.configured = Optional.of(transport)
                .filter(each -> !pods && !each.equals(Settings.PORT_FORWARD))
                .map(ManagerAddress::parse)
                .map(address -> InetSocketAddress.createUnresolved(address.host(), address.port()));
        this.connect = settings.duration(Setting.TIMEOUT_DIRECT);
        this.device = OwnDevice.of(settings);
        this.clock = clock;
    }

    /** Whether there may be another transport than the port-forward. */
    boolean isWanted() {
        return pods || configured.isPresent();
    }

    /** Where a manager may answer itself; empty where that is not wanted, or the pod has no address. Not resolved. */
    Optional<InetSocketAddress> of(Cluster.ReadyPod pod) {
        if (!pods) {
            return configured;
        }
        return NetUtil.isValidIpV4Address(pod.address()) || NetUtil.isValidIpV6Address(pod.address())
                ? Optional.of(InetSocketAddress.createUnresolved(pod.address(), pod.port()))
                : Optional.empty();
    }

    /**
     * Whether the manager of that CA answers there, by a way that is not a device of ours. Blocks: for as long as a connection may take
     * where nobody answers, for some seconds where somebody takes it and says nothing.
     *
     * @param addresses of the candidate, resolved
     * @param patience that a connection has
     */
    boolean answers(InetSocketAddress candidate, List<InetAddress> addresses, String pin, Duration patience) {
        return addresses.stream()
                .limit(MOST_ADDRESSES)
                .filter(address -> !device.leads(address))
                .anyMatch(address -> ManagerProbe.answers(
                        new InetSocketAddress(address, candidate.getPort()), pin, patience, HANDSHAKE));
    }

    /** The longest that a connection may take. */
    Duration patience() {
        return connect;
    }

    /**
     * How long a connection to a pod may take to be worth it.
     *
     * @param answer time that an answer of the API server took, which is a round trip and its own work
     */
    Duration patience(Duration answer) {
        Duration twice = answer.multipliedBy(2);
        Duration enough = twice.compareTo(LEAST) < 0 ? LEAST : twice;
        return pods && enough.compareTo(connect) < 0 ? enough : connect;
    }

    /** Whether a connection there lasted so short that another transport is to have its turn. */
    synchronized boolean isSpent(InetSocketAddress candidate) {
        Used used = last;
        return used != null
                && used.address().equals(candidate)
                && clock.instant().isBefore(used.at().plus(WORTH));
    }

    /** What the connection of now goes by; empty = the API server. */
    synchronized void use(Optional<InetSocketAddress> address) {
        last = address.map(used -> new Used(used, clock.instant())).orElse(null);
    }
}
