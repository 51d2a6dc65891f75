package dev.telepath.client.daemon;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Wire;
import dev.telepath.client.dns.ClusterDns;
import dev.telepath.client.dns.DnsStatus;
import dev.telepath.client.dns.Suffixes;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.gateway.ClusterGateway;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.GatewayServer;
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
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
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
    private final Addressing addressing;
    private final MeterRegistry metrics;
    private final NameProbe probe;
    private final MachineResolver resolver;
    private final HostServers host;
    private final ClusterDns dns;
    private final NameServerWatch nameServers;
    private final ClusterGateway gateway;
    private @Nullable GatewayServer server;
    private @Nullable PrivilegedLink waiting;
    /** Written with the lock held, which may be for as long as a privileged process takes to begin. */
    private volatile @Nullable MachineNetwork machine;

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
            Addressing addressing,
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
        this.addressing = addressing;
        this.metrics = metrics;
        this.resolver = new MachineResolver(addressing.device().dns());
        this.host = resolver.now();
        this.dns = new ClusterDns(
                settings,
                namespace,
                () -> Set.of(namespace),
                network::latest,
                attachments,
                host.servers(),
                TRAFFIC_CLASS,
                addressing,
                loops,
                metrics);
        this.probe = new NameProbe(dns.resolver());
        this.nameServers = new NameServerWatch(
                settings.duration(Setting.NETWORK_POLL),
                host.servers(),
                () -> resolver.now().servers(),
                dns::servers);
        this.gateway = new ClusterGateway(
                outbound,
                addressing::destinations,
                probe,
                loops,
                credit,
                settings.duration(Setting.TIMEOUT_DIAL),
                settings.duration(Setting.UDP_IDLE));
    }

    /**
     * Shows the cluster's networks from now on as a machine with some routes of its own needs it.
     *
     * @param routes networks that this machine has routes to; none where nothing is led to a device of its own
     */
    Layout layOut(List<IpNetwork> routes) {
        return addressing.layOut(routes);
    }

    /** Leaves the ways to these addresses to this machine. Blocks while a device's routes are set. */
    void leave(Collection<InetAddress> addresses) {
        MachineNetwork open = machine;
        if (!addresses.isEmpty() && addressing.leave(addresses) && open != null) {
            open.layOutNow();
        }
    }

    DeviceAddresses addresses() {
        return addressing.device();
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
                device, new TunNetwork.Setup(addresses(), gateway, loops, credit, limits()), metrics, whenGone);
    }

    /** Answers questions, and knows its own test questions. */
    NameProbe probe() {
        return probe;
    }

    /** Whom this machine's programs ask. */
    MachineResolver resolver() {
        return resolver;
    }

    /** The cluster's names for a resolver that splits by suffix, as they are now. */
    Suffixes suffixes() {
        return dns.suffixes();
    }

    /** This machine's name servers as they are now, which are also those that questions are handed to. */
    List<InetSocketAddress> nameServers() {
        return nameServers.look();
    }

    /** Calls back when the cluster's networks are others. */
    Runnable onChange(Runnable listener) {
        return network.onChange(listener);
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
        return new RunPlan(socket, addresses(), mtu(), limits(), addressing.leading(), search()).json();
    }

    private TunNetwork.Limits limits() {
        return new TunNetwork.Limits(
                settings.number(Setting.NETWORK_CONNECTIONS),
                settings.number(Setting.NETWORK_UDP_FLOWS),
                settings.duration(Setting.UDP_IDLE));
    }

    /** As a pod of the namespace has it, and then as this machine has it. */
    private List<String> search() {
        String domain = dns.status().domain();
        List<String> names = new ArrayList<>(List.of(namespace + ".svc." + domain, "svc." + domain, domain));
        names.addAll(host.search());
        return names;
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
     * @return where, and the name server that systemd-resolved is to be told of where programs ask that; or that the device is there
     *     already
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
        resolver.stub()
                .ifPresent(stub -> result.put("nameServer", addresses().dns().getHostAddress()));
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

    /** Whether this whole machine is in the cluster's network. */
    synchronized boolean hasDevice() {
        return machine != null;
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
        addressing.describe(status);
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
