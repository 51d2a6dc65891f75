package dev.telepath.client.daemon;

import dev.telepath.client.carry.ClientStreams;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.dial.AgentPods;
import dev.telepath.client.dial.DialResponder;
import dev.telepath.client.dial.DialWatcher;
import dev.telepath.client.dial.StreamLedger;
import dev.telepath.client.direct.DirectAgents;
import dev.telepath.client.engagement.Engagements;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.home.Journal;
import dev.telepath.client.network.NetworkWatch;
import dev.telepath.client.network.ViaRoutes;
import dev.telepath.client.proxy.OutboundStreams;
import dev.telepath.client.proxy.PacFile;
import dev.telepath.client.proxy.ProxyServer;
import dev.telepath.client.session.Policy;
import dev.telepath.client.session.SessionKeeper;
import dev.telepath.client.session.Target;
import dev.telepath.client.workload.Roster;
import dev.telepath.client.workload.Share;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * Everything of one connection to a manager, put together: the session, its engagements, the streams both ways, the
 * proxy. Made by {@code tp connect}, closed by {@code tp quit}.
 */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Engine.class);

    private final EventLoopGroup loops;
    private final StreamLedger ledger;
    private final Engagements engagements;
    private final Roster roster;
    private final SessionKeeper keeper;
    private final NetworkWatch network = new NetworkWatch();
    private final ViaRoutes via;
    private final Networking networking;
    private final OutboundStreams outbound;
    private final ClientStreams streams;
    private final DirectAgents direct;
    private final ProxyServer proxy;
    private final Share share;
    private final Journal journal;
    private final Restoration restoration;
    private final List<String> unused;

    /**
     * Opens the proxy; {@link #start()} begins to attach.
     *
     * @param unused what the cluster or the kubeconfig sets and tp does not use
     * @param proxyPort 0 = any free one
     * @param restoration what an earlier daemon left; its proxy's port is taken again if any one will do and it is free
     * @param credit what the streams of all connections of this daemon share
     * @param carried the resumable streams of this daemon
     * @param gatewaySocket where processes in network namespaces find this daemon
     * @throws dev.telepath.client.failure.Failure when the proxy's port is taken
     */
    Engine(
            Target target,
            List<String> unused,
            Settings settings,
            int proxyPort,
            Restoration restoration,
            EventLoopGroup loops,
            MeterRegistry metrics,
            Journal journal,
            String version,
            Credit credit,
            StreamLedger ledger,
            CarriedStreams carried,
            Path gatewaySocket) {
        this.loops = loops;
        this.journal = journal;
        this.restoration = restoration;
        this.unused = List.copyOf(unused);
        this.roster = new Roster(target.namespace());
        Policy policy = Policy.of(settings);
        Duration dialTimeout = settings.duration(Setting.TIMEOUT_DIAL);
        Duration latency = settings.duration(Setting.TIMEOUT_ROUNDTRIP);
        this.ledger = ledger;
        this.engagements = new Engagements(
                target.clientName(),
                dialTimeout,
                latency,
                settings.duration(Setting.TIMEOUT_INTERCEPT),
                roster,
                restoration.engagements(),
                journal::engaged);
        var responder =
                new DialResponder(engagements, loops, credit, ledger, dialTimeout, settings.duration(Setting.UDP_IDLE));
        var dials = new DialWatcher(responder, new AgentPods(responder, loops, policy.limits(), policy.backoff()));
        // Dials before engagements: an active engagement is of use only once its streams can be dialled.
        this.streams = new ClientStreams(
                carried,
                responder,
                credit,
                policy.backoff(),
                !settings.text(Setting.STREAM_RESUMABLE).equals("off"),
                restoration.session());
        this.direct = new DirectAgents(streams, target.way(), settings, policy, loops, credit, metrics);
        // The streams that survive come before those that do not: a manager asks in the way it was shown first.
        this.keeper = new SessionKeeper(
                target,
                policy,
                loops,
                metrics,
                journal,
                version,
                restoration.session(),
                List.of(streams, direct, dials, roster, engagements, network),
                this::leave);
        var addressing = new Addressing(settings, network);
        this.via = addressing.via();
        this.outbound = new OutboundStreams(
                () -> keeper.attachmentWithin(settings.duration(Setting.STREAM_HOLD)),
                streams,
                credit,
                ledger,
                latency,
                dialTimeout,
                carried.loop(),
                via::workload);
        this.networking = new Networking(
                settings,
                target.namespace(),
                network,
                addressing,
                () -> keeper.attachmentWithin(settings.duration(Setting.STREAM_HOLD)),
                outbound,
                loops,
                credit,
                metrics,
                gatewaySocket);
        this.proxy = listen(proxyPort, settings);
        this.share = new Share(proxy.address(), settings.bytes(Setting.SHARE_MAX));
    }

    /** There is a session before there is what routes it. */
    private void leave(Collection<InetAddress> addresses) {
        networking.leave(addresses);
    }

    private ProxyServer listen(int asked, Settings settings) {
        var limits = new ProxyServer.Limits(
                (int) settings.bytes(Setting.PROXY_MAX_HEADER),
                settings.number(Setting.PROXY_MAX_CONNECTIONS),
                settings.duration(Setting.PROXY_HANDSHAKE),
                settings.number(Setting.PROXY_UDP_FLOWS),
                settings.duration(Setting.UDP_IDLE));
        int before = restoration.proxyPort();
        if (asked == 0 && before > 0) {
            try {
                return ProxyServer.listen(before, loops, outbound, limits, this::pac);
            } catch (Failure e) {
                LOG.infof("port of the last proxy is taken, another is used port=%d", before);
            }
        }
        return ProxyServer.listen(asked, loops, outbound, limits, this::pac);
    }

    private String pac(int port) {
        String namespace = keeper.target().namespace();
        List<String> names = roster.all().stream()
                .filter(workload -> workload.getNamespace().isEmpty()
                        || workload.getNamespace().equals(namespace))
                .map(WorkloadInfo::getName)
                .toList();
        return PacFile.script(network.latest(), names, "127.0.0.1:" + port);
    }

    /** Settings of the cluster or the kubeconfig that are not used. */
    List<String> unused() {
        return unused;
    }

    /** What this connection takes over. */
    Restoration restoration() {
        return restoration;
    }

    /** Begins to attach. */
    public void start() {
        networking.start();
        keeper.start();
    }

    public SessionKeeper session() {
        return keeper;
    }

    public Engagements engagements() {
        return engagements;
    }

    public Roster roster() {
        return roster;
    }

    NetworkWatch network() {
        return network;
    }

    /** Which destinations agents of one workload dial. */
    ViaRoutes via() {
        return via;
    }

    Networking networking() {
        return networking;
    }

    public StreamLedger ledger() {
        return ledger;
    }

    public OutboundStreams outbound() {
        return outbound;
    }

    /** Streams that survive the loss of the connection. */
    public ClientStreams streams() {
        return streams;
    }

    /** Connections to agents, past the manager. */
    DirectAgents direct() {
        return direct;
    }

    public ProxyServer proxy() {
        return proxy;
    }

    public Share share() {
        return share;
    }

    EventLoopGroup loops() {
        return loops;
    }

    /** Ends session, streams and proxy. The event loops are the caller's. Blocks. */
    @Override
    public void close() {
        endStreams();
        keeper.stop();
        // Where the manager could not be told, the next connect tells it.
        journal.abandoned();
    }

    /** Ends streams and proxy, and leaves session and engagements to a later daemon. Blocks. */
    void handOver() {
        endStreams();
        keeper.release();
    }

    private void endStreams() {
        engagements.close();
        networking.close();
        proxy.close();
        streams.close();
        // What has ended is told by them too.
        direct.close();
    }
}
