package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Wire;
import dev.telepath.client.dns.ClusterDns;
import dev.telepath.client.dns.DnsStatus;
import dev.telepath.client.dns.Resolver;
import dev.telepath.client.dns.Translation;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.ClusterGateway;
import dev.telepath.client.gateway.Destinations;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.GatewayServer;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.network.Layout;
import dev.telepath.client.network.NetworkWatch;
import dev.telepath.client.privileged.Order;
import dev.telepath.client.privileged.PrivilegedLink;
import dev.telepath.client.proxy.OutboundStreams;
import dev.telepath.client.run.RunPlan;
import dev.telepath.client.session.Attachment;
import dev.telepath.client.tun.TunDevice;
import dev.telepath.client.tun.TunNetwork;
import dev.telepath.dns.HostServers;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * How this machine's programs reach the cluster by its own names and addresses, other than by the proxy: which those are, the
 * names, and the way for processes in network namespaces. Thread-safe.
 */
final class Networking implements AutoCloseable {
    /** Of packets to this machine's name servers that are the daemon's own: DSCP CS2 (RFC 4594). */
    static final int TRAFFIC_CLASS = 0x40;

    private static final Logger LOG = Logger.getLogger(Networking.class);
    /** Until the privileged process is there, which is this program started once more. */
    private static final Duration PRIVILEGED = Duration.ofSeconds(20);

    private static final Duration FIRST_WORD = Duration.ofSeconds(2);

    private final Settings settings;
    private final String namespace;
    private final NetworkWatch network;
    private final EventLoopGroup loops;
    private final Credit credit;
    private final Path socket;
    private final DeviceAddresses addresses;
    private final List<IpNetwork> also;
    private final List<IpNetwork> never;
    private final List<IpNetwork> allowed;
    private final IpNetwork virtual;
    private final MeterRegistry metrics;
    private final NameProbe probe;
    private final HostServers host;
    private final ClusterDns dns;
    private final NameServerWatch nameServers;
    private final ClusterGateway gateway;
    /** What a name may stand for where an agent has no address of its own: the loopback there, never this machine's. */
    private final IpNetwork farLoopback = new IpNetwork(InetAddress.ofLiteral("127.0.0.0"), 17);

    private volatile Destinations destinations;
    /** Held for no longer than it takes to put destinations together: an event loop may wait for it. */
    private final Object laying = new Object();

    private Map<IpNetwork, IpNetwork> mapped = Map.of();
    private @Nullable GatewayServer server;
    private @Nullable PrivilegedLink waiting;
    private @Nullable MachineNetwork machine;

    /**
     * Asks nobody and opens nothing.
     *
     * @param socket where processes in network namespaces find this daemon
     * @throws Failure of kind USAGE for a setting that cannot be read
     */
    Networking(
            Settings settings,
            String namespace,
            NetworkWatch network,
            Supplier<CompletionStage<Attachment>> attachments,
            OutboundStreams outbound,
            EventLoopGroup loops,
            Credit credit,
            MeterRegistry metrics,
            Path socket) {
        this.settings = settings;
        this.namespace = namespace;
        this.network = network;
        this.loops = loops;
        this.credit = credit;
        this.socket = socket;
        this.addresses = addresses(settings);
        this.also = networks(settings, Setting.NETWORK_ALSO);
        this.never = networks(settings, Setting.NETWORK_NEVER);
        this.allowed = networks(settings, Setting.NETWORK_ALLOW);
        this.virtual = network(settings, Setting.NETWORK_VIRTUAL);
        this.metrics = metrics;
        this.destinations = destinations(Map.of());
        this.host = HostServers.ofThisMachine();
        this.dns = new ClusterDns(
                settings,
                namespace,
                () -> Set.of(namespace),
                network::latest,
                attachments,
                host.servers(),
                TRAFFIC_CLASS,
                new Shown(),
                loops,
                metrics);
        this.probe = new NameProbe(dns.resolver());
        this.nameServers = new NameServerWatch(
                settings.duration(Setting.NETWORK_POLL),
                host.servers(),
                () -> HostServers.ofThisMachine().servers(),
                dns::servers);
        this.gateway = new ClusterGateway(
                outbound,
                () -> destinations,
                dns.resolver(),
                loops,
                credit,
                settings.duration(Setting.TIMEOUT_DIAL),
                settings.duration(Setting.UDP_IDLE));
        network.onChange(this::told);
    }

    /** Addresses as {@link Destinations} shows them now. */
    private final class Shown implements Translation {
        @Override
        public InetAddress shown(InetAddress real) {
            return destinations.shown(real);
        }

        @Override
        public Optional<InetAddress> real(InetAddress shown) {
            return Optional.of(destinations.real(shown));
        }
    }

    private static DeviceAddresses addresses(Settings settings) {
        try {
            return new DeviceAddresses(
                    network(settings, Setting.NETWORK_SUBNET), network(settings, Setting.NETWORK_SUBNET6));
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    Kind.USAGE,
                    "network.subnet and network.subnet6 do not fit: " + e.getMessage(),
                    "one network of prefix " + DeviceAddresses.PREFIX + ", and one of prefix "
                            + DeviceAddresses.PREFIX_V6,
                    e);
        }
    }

    private static IpNetwork network(Settings settings, Setting setting) {
        return IpNetwork.parse(settings.text(setting)).orElseThrow(() -> wrong(setting, settings.text(setting)));
    }

    private static List<IpNetwork> networks(Settings settings, Setting setting) {
        return settings.words(setting).stream()
                .map(each -> IpNetwork.parse(each).orElseThrow(() -> wrong(setting, each)))
                .toList();
    }

    private static Failure wrong(Setting setting, String text) {
        return new Failure(
                Kind.USAGE, setting.key() + ": '" + text + "' is no network", "as 10.1.0.0/16 or an address");
    }

    private Destinations destinations(Map<IpNetwork, IpNetwork> mapped) {
        List<Destinations.Mapping> mappings = Stream.concat(
                        Stream.of(farLoopback).map(each -> new Destinations.Mapping(each, addresses.farLoopback())),
                        mapped.entrySet().stream()
                                .map(each -> new Destinations.Mapping(each.getKey(), each.getValue())))
                .toList();
        return new Destinations(cluster(), never, mappings, addresses);
    }

    /** How the cluster's networks would lie on a machine with some routes of its own. */
    Layout layout(List<IpNetwork> local, Map<IpNetwork, IpNetwork> before) {
        return Layout.of(cluster(), never, local, allowed, before, virtual);
    }

    /** Networks of the cluster are shown as others from now on. */
    void mapped(Map<IpNetwork, IpNetwork> now) {
        synchronized (laying) {
            mapped = Map.copyOf(now);
            destinations = destinations(mapped);
        }
    }

    /** The cluster told other networks: they are looked at for every connection, so they are put together here. */
    private void told() {
        synchronized (laying) {
            destinations = destinations(mapped);
        }
    }

    DeviceAddresses addresses() {
        return addresses;
    }

    int mtu() {
        return settings.number(Setting.NETWORK_MTU);
    }

    EventLoopGroup loops() {
        return loops;
    }

    /** Serves a device, which is up. */
    TunNetwork serve(TunDevice device, BiConsumer<TunNetwork, IOException> whenGone) throws IOException {
        return TunNetwork.start(
                device, new TunNetwork.Setup(addresses, gateway, loops, credit, limits()), metrics, whenGone);
    }

    /** Answers questions, and knows its own test questions. */
    Resolver probed() {
        return probe;
    }

    /** Sees whether a question to one of this machine's name servers comes here. Blocks, a second at most. */
    NameProbe.Outcome probe(InetAddress server) {
        return probe.ask(server);
    }

    /** This machine's name servers as they are now, which are also those that questions are handed to. */
    List<InetSocketAddress> nameServers() {
        return nameServers.look();
    }

    /** Calls back when the cluster's networks are others. */
    Runnable onChange(Runnable listener) {
        return network.onChange(listener);
    }

    private List<IpNetwork> cluster() {
        ClusterNetwork known = network.latest();
        return Stream.concat(
                        Stream.concat(known.services().stream(), known.pods().stream())
                                .flatMap(each -> IpNetwork.parse(each).stream()),
                        also.stream())
                .distinct()
                .toList();
    }

    /**
     * Answers processes in network namespaces from now on, also those that an earlier daemon served. Looks, once there is an attachment,
     * whether the cluster's DNS asks this machine. Where the socket cannot be made, that costs {@code tp run} and not the connection.
     */
    void start() {
        synchronized (this) {
            try {
                server = GatewayServer.listen(
                        socket, loops, gateway, credit, settings.number(Setting.NETWORK_CONNECTIONS));
            } catch (RuntimeException e) {
                LOG.warnf("no socket for network namespaces cause=\"%s\"", e.getMessage());
            }
        }
        dns.start();
        nameServers.start();
    }

    /**
     * What a process needs that makes a network namespace. Waits a moment for the manager's word on the cluster's networks, without
     * which its addresses would be looked for on this machine. Blocks.
     *
     * @throws Failure when nobody would answer it
     */
    ObjectNode run() {
        network.awaitFirst(FIRST_WORD);
        return plan();
    }

    private synchronized ObjectNode plan() {
        if (server == null) {
            throw new Failure(
                    Kind.FAILED,
                    "there is no socket at " + socket + " for network namespaces",
                    "the daemon's log says why");
        }
        return new RunPlan(socket, addresses, settings.number(Setting.NETWORK_MTU), limits(), cluster(), search())
                .json();
    }

    private TunNetwork.Limits limits() {
        return new TunNetwork.Limits(
                settings.number(Setting.NETWORK_CONNECTIONS),
                settings.number(Setting.NETWORK_UDP_FLOWS),
                settings.duration(Setting.UDP_IDLE));
    }

    /** As a pod of the namespace has it, and then as this machine has it. */
    private List<String> search() {
        List<String> names = new ArrayList<>(clusterSearch());
        names.addAll(host.search());
        return names;
    }

    /** Domains whose names are the cluster's, its own first. */
    List<String> clusterDomains() {
        return dns.domains();
    }

    /** Domains that complete a short name, as a pod of the namespace has them. */
    List<String> clusterSearch() {
        String domain = dns.status().domain();
        return List.of(namespace + ".svc." + domain, "svc." + domain, domain);
    }

    private Path privileged() {
        return socket.resolveSibling("net.sock");
    }

    /** Where the privileged process hands a device over, where the system has it so. */
    Path handover() {
        return Order.handover(privileged());
    }

    /**
     * Waits for the privileged process from now on.
     *
     * @return where; or that the device is there already
     */
    synchronized ObjectNode listen() {
        ObjectNode result = Wire.JSON.createObjectNode();
        if (machine != null) {
            return result.put("already", true);
        }
        if (waiting != null) {
            waiting.close();
        }
        Path where = privileged();
        waiting = PrivilegedLink.listen(where);
        return result.put("socket", where.toString());
    }

    /**
     * Takes the privileged process, and brings this whole machine into the cluster's network. Blocks.
     *
     * @throws Failure when that is not there, or may not do it
     */
    synchronized void startMachine() {
        PrivilegedLink link = waiting;
        if (machine != null) {
            return;
        }
        if (link == null) {
            throw new Failure(Kind.USAGE, "nobody waits for the privileged process", "tp connect --network tun");
        }
        waiting = null;
        var fresh = new MachineNetwork(this, link, this::machineGone);
        try {
            link.accept(PRIVILEGED, this::machineGone);
            fresh.start(settings.duration(Setting.NETWORK_POLL));
            machine = fresh;
        } catch (RuntimeException e) {
            fresh.close();
            throw e;
        }
    }

    /** Whatever is left of it is undone; the proxy works on. On a thread of the device or the link. */
    private void machineGone() {
        Thread.ofVirtual().name("network-gone").start(() -> {
            MachineNetwork gone;
            synchronized (this) {
                gone = machine;
                machine = null;
            }
            if (gone != null) {
                gone.close();
                LOG.warnf("this machine is out of the cluster's network; tp connect --network tun brings it back");
            }
        });
    }

    /** Tells what there is of names and the device. */
    void describe(ObjectNode status) {
        DnsStatus now = dns.status();
        ObjectNode shown = status.putObject("dns")
                .put("domain", now.domain())
                .put("cluster_questions", now.cluster())
                .put("other_questions", now.other())
                .put("failed", now.failed());
        ArrayNode loops = shown.putArray("loops");
        now.loops().forEach(loops::add);
        MachineNetwork open;
        synchronized (this) {
            open = machine;
        }
        if (open != null) {
            open.describe(status);
        }
    }

    @Override
    public void close() {
        nameServers.close();
        synchronized (this) {
            if (machine != null) {
                machine.close();
                machine = null;
            }
            if (waiting != null) {
                waiting.close();
                waiting = null;
            }
            if (server != null) {
                server.close();
            }
        }
        dns.close();
    }
}
