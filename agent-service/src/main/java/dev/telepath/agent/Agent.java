package dev.telepath.agent;

import dev.telepath.agent.api.AgentApi;
import dev.telepath.agent.attach.Attachment;
import dev.telepath.agent.attach.Interests;
import dev.telepath.agent.attach.PlaceId;
import dev.telepath.agent.attach.Rhythm;
import dev.telepath.agent.attach.Self;
import dev.telepath.agent.attach.TokenFile;
import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.agent.dial.Destinations;
import dev.telepath.agent.dial.DialAnswers;
import dev.telepath.agent.direct.DirectListening;
import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.divert.Diversions;
import dev.telepath.agent.divert.Wiretaps;
import dev.telepath.agent.engage.Engagements;
import dev.telepath.agent.engage.Workload;
import dev.telepath.agent.front.Front;
import dev.telepath.agent.front.Fronts;
import dev.telepath.agent.front.Joints;
import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.metrics.ClientTraffic;
import dev.telepath.agent.names.Names;
import dev.telepath.agent.settings.AgentSettings;
import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.agent.sftp.SftpServer;
import dev.telepath.agent.share.RecentLog;
import dev.telepath.agent.share.ShareServer;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.dns.StubResolver;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.linux.PathHandle;
import dev.telepath.tunnel.memory.FreeHeap;
import dev.telepath.tunnel.memory.IdleCollections;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.transport.EventLoops;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The whole agent, put together: guarded ports, attachment, share, agent service. Started and stopped by its program or
 * a test, by one thread each; both block.
 */
public final class Agent implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Agent.class);
    private static final Duration GOODBYE = Duration.ofSeconds(2);

    private final AgentSettings settings;
    private final EventLoopGroup bytes;
    private final EventLoopGroup control = new NioEventLoopGroup(1, new DefaultThreadFactory("telepath-manager", true));
    private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
    private final Fronts fronts;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final List<Front> bound = new ArrayList<>();
    private volatile @Nullable Engagements engagements;
    private @Nullable ShareServer share;
    private @Nullable SftpServer sftp;
    private @Nullable AgentApi api;
    private @Nullable Attachment attachment;
    private @Nullable AgentStreams streams;
    private @Nullable DirectListening direct;
    private @Nullable StubResolver nameServers;

    private Agent(AgentSettings settings) {
        this.settings = settings;
        int loops = EventLoops.number(settings.threads());
        // Where one is enough, that of the connection to the manager is it.
        this.bytes = loops == 1 && settings.threads() == 0
                ? control
                : new NioEventLoopGroup(loops, new DefaultThreadFactory("telepath-bytes", true));
        this.fronts = new Fronts(bytes);
    }

    /**
     * Binds everything, forwards, and begins to attach.
     *
     * @param environment of the workload, what is lent is in it
     * @param log whose lines are lent, empty for none
     * @throws IOException when a port cannot be bound; nothing is left behind then
     * @throws IllegalArgumentException when a setting is wrong, with a message for the user
     */
    public static Agent start(
            AgentSettings settings,
            Map<String, String> environment,
            MeterRegistry metrics,
            Optional<RecentLog> log,
            String version)
            throws IOException {
        var agent = new Agent(settings);
        try {
            agent.run(environment, metrics, log, version);
        } catch (IOException | RuntimeException e) {
            agent.close();
            throw e;
        }
        return agent;
    }

    private void run(Map<String, String> environment, MeterRegistry registry, Optional<RecentLog> log, String version)
            throws IOException {
        for (String port : settings.ports()) {
            bound.add(fronts.bind(GuardedPort.parse(port), settings.host(), settings.backlog()));
        }
        var credit = new Credit(
                settings.streamCredit().asLongValue(),
                settings.connectionCredit().asLongValue());
        var metrics = new AgentMetrics(registry, credit);
        IdleCollections.ofExecutable(registry, FreeHeap.SIDECAR).ifPresent(idle -> {
            long looks = IdleCollections.LOOKS.toMillis();
            var _ = control.next().scheduleAtFixedRate(idle::look, looks, looks, TimeUnit.MILLISECONDS);
        });
        var traffic = new ClientTraffic();
        var workload = new Workload(settings.name(), settings.namespace(), fronts.listening(), environment);
        var engaged = new Engagements(workload, settings.dialTimeout());
        engagements = engaged;
        StubResolver servers = StubResolver.ofPrograms(control, blocking, settings.lookupTimeout());
        nameServers = servers;
        var names = new Names(blocking, servers, settings.lookups(), metrics);
        var dials = new DialAnswers(bytes, credit, settings.dialTimeout(), settings.udpIdle(), metrics, traffic);
        var streaming = new AgentStreams(
                // On the loop of the connection to the manager: a frame is handed over once on its way, not twice.
                new CarriedStreams(control.next(), carrySettings(settings), credit.blocks(), registry),
                dials,
                new Backoff(settings.reconnectFirst(), settings.reconnectMost()),
                settings.hold());
        streams = streaming;
        Rhythm rhythm = Rhythm.of(settings);
        var listening = new DirectListening(
                settings.direct(),
                settings.podName().isPresent(),
                streaming,
                credit,
                rhythm.heartbeat(),
                rhythm.grace(),
                control.next(),
                blocking,
                registry);
        direct = listening;
        Optional<ShareServer> lent = share(log);
        Optional<Self.Sftp> files = lent.isPresent() ? sftp(lent.get(), metrics) : Optional.empty();
        Optional<AgentApi> service = api(version, dials, names, credit);
        var self = new Self(
                workload,
                new Self.Pod(
                        settings.podName()
                                .orElseGet(() -> settings.name() + "-"
                                        + ProcessHandle.current().pid()),
                        settings.podUid()
                                .or(() -> PlaceId.here(
                                        settings.namespace() + "/" + settings.name(),
                                        settings.host(),
                                        workload.ports()))
                                .orElse(""),
                        settings.kind()),
                version,
                service.map(AgentApi::port).orElse(0),
                lent.map(server -> new Self.Share(
                        server.port(), files, server.token(), server.logToken(), lending(server.paths()))));
        var attaching = new Attachment(
                ManagerAddress.parse(settings.manager()),
                settings.tokenFile().map(file -> new TokenFile(file, settings.caFingerprint(), blocking)),
                settings.address(),
                new Interests(self, engaged, dials, names, metrics, traffic, credit, streaming, listening),
                rhythm,
                control.next(),
                blocking);
        attachment = attaching;
        var paths = new ArrayList<ClientPath>();
        service.ifPresent(direct -> paths.add(direct.path()));
        paths.add(streaming);
        paths.add(attaching);
        var diversions = new Diversions(paths, control.next());
        var wiretaps = new Wiretaps(diversions, bytes, settings.wiretapBuffer().asLongValue(), metrics, traffic);
        fronts.accept(new Joints(
                engaged,
                diversions,
                wiretaps,
                new Destinations(blocking),
                metrics,
                traffic,
                credit,
                settings.dialTimeout(),
                settings.udpIdle(),
                settings.udpFlows(),
                settings.splitPatience()));
        bound.forEach(front -> LOG.infof("port guarded port=%s", front.actual()));
        attaching.start();
    }

    private static CarrySettings carrySettings(AgentSettings settings) {
        return new CarrySettings(
                settings.streamWindow().asLongValue(),
                settings.streamWindowMost().asLongValue(),
                settings.streamBudget().asLongValue(),
                settings.resumeWindow(),
                settings.resumeRemember(),
                settings.streamIdleLinks());
    }

    private Optional<ShareServer> share(Optional<RecentLog> log) throws IOException {
        List<Path> writable = settings.shareWritable().orElse(List.of());
        if (!writable.isEmpty() && !PathHandle.available()) {
            throw new IllegalArgumentException(
                    "share-writable needs Linux with /proc; lend these files by share, for reading");
        }
        var paths = SharedPaths.of(settings.share().orElse(List.of()), writable);
        if (paths.roots().isEmpty() && log.isEmpty()) {
            return Optional.empty();
        }
        ShareServer started = ShareServer.start(paths, log, settings.shareRequests());
        share = started;
        return Optional.of(started);
    }

    private Self.Lending lending(SharedPaths paths) {
        return new Self.Lending(
                texts(paths.roots()),
                settings.sftp() ? texts(paths.writableRoots()) : List.of(),
                texts(settings.shareLocal().orElse(List.of())));
    }

    private static List<String> texts(List<Path> paths) {
        return paths.stream().map(Path::toString).toList();
    }

    private Optional<Self.Sftp> sftp(ShareServer lent, AgentMetrics metrics) throws IOException {
        if (!settings.sftp() || lent.paths().roots().isEmpty()) {
            return Optional.empty();
        }
        var rules = new SftpServer.Rules(settings.sftpConnections(), settings.sftpHandles(), settings.sftpOpen());
        SftpServer started = SftpServer.start(lent.paths(), lent.token(), rules, metrics);
        sftp = started;
        return Optional.of(new Self.Sftp(started.port(), rules.open()));
    }

    private Optional<AgentApi> api(String version, DialAnswers dials, Names names, Credit credit) throws IOException {
        if (settings.apiPort().isEmpty()) {
            return Optional.empty();
        }
        AgentApi started = AgentApi.start(settings.apiHost(), settings.apiPort().get(), version, dials, names, credit);
        api = started;
        return Optional.of(started);
    }

    /** The guarded ports, in the order of the settings. */
    public List<Front> fronts() {
        return List.copyOf(bound);
    }

    /** Port of the agent service; empty when it is off. */
    public Optional<Integer> apiPort() {
        return Optional.ofNullable(api).map(AgentApi::port);
    }

    /** State of the connection to the manager. */
    public Attachment.State connection() {
        return attachment == null ? Attachment.State.SUSPENDED : attachment.state();
    }

    /** How many guarded ports are engaged, by an intercept or wiretaps. */
    public long engagedPorts() {
        Engagements known = engagements;
        return known == null
                ? 0
                : bound.stream()
                        .filter(front -> !known.at(front.actual()).equals(Engagements.Hold.NONE))
                        .count();
    }

    /** Connections that guarded ports have open. */
    public int openConnections() {
        return fronts.open();
    }

    /**
     * Idempotent. Takes nothing new, lets open connections finish for the drain time, resets those left, says good-bye, and
     * ends all. Blocks.
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        fronts.close();
        long patience = settings.drain().toNanos();
        long began = System.nanoTime();
        var quiet = new CompletableFuture<Void>();
        var probe = control.next()
                .scheduleAtFixedRate(
                        () -> {
                            if (fronts.open() == 0 || System.nanoTime() - began >= patience) {
                                quiet.complete(null);
                            }
                        },
                        0,
                        20,
                        TimeUnit.MILLISECONDS);
        await(quiet, settings.drain().plus(GOODBYE));
        probe.cancel(false);
        await(fronts.resetConnections().toCompletableFuture(), GOODBYE);
        if (streams != null) {
            await(streams.close().toCompletableFuture(), GOODBYE);
        }
        if (direct != null) {
            await(CompletableFuture.runAsync(direct::close, control.next()), GOODBYE);
        }
        if (attachment != null) {
            await(attachment.stop().toCompletableFuture(), GOODBYE);
        }
        if (api != null) {
            api.close();
        }
        if (sftp != null) {
            sftp.close();
        }
        if (share != null) {
            share.close();
        }
        if (nameServers != null) {
            nameServers.close();
        }
        blocking.shutdownNow();
        bytes.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        control.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private static void await(CompletableFuture<Void> step, Duration most) {
        try {
            step.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.debugf("a step of the stop did not end cause=\"%s\"", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
