package dev.telepath.client.daemon;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.AgentInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.AgentPodInfo;
import dev.telepath.protocol.telepresence.manager.AgentPodInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.LookupRequest;
import dev.telepath.protocol.telepresence.manager.LookupResponse;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.PreparedIntercept;
import dev.telepath.protocol.telepresence.manager.ReconnectClientRequest;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.RemoveInterceptRequest2;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.protocol.telepresence.manager.WorkloadEvent;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsDelta;
import dev.telepath.protocol.telepresence.manager.WorkloadEventsRequest;
import dev.telepath.protocol.telepresence.manager.WorkloadInfo;
import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.operators.multi.processors.BroadcastProcessor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * A clear-text manager in this process, with an agent of workload {@code web} built in: what comes to its front port is
 * diverted when an engagement is active. Any set of methods can be missing, as in a manager of another version.
 */
final class FakeManager extends MutinyManagerGrpc.ManagerImplBase implements AutoCloseable {
    final List<String> calls = new CopyOnWriteArrayList<>();
    final Map<String, InterceptInfo> intercepts = new ConcurrentHashMap<>();
    final Set<String> sessions = ConcurrentHashMap.newKeySet();
    volatile String prepareError = "";
    volatile PreparedIntercept prepared = PreparedIntercept.getDefaultInstance();
    volatile boolean approves = true;
    /** Every watch of engagements ends after its first news. */
    volatile boolean watchesEnd;
    /** Whether pulses are answered. */
    volatile boolean answersPulses = true;
    /** Every call ends in this, when it is no OK. */
    volatile Status denied = Status.OK;
    /** What sessions to be restored are answered, as often as that method is called; then they are. */
    final Queue<Status> restoreFailures;
    /** What questions of DNS are answered. */
    volatile Function<DNSRequest, DNSResponse> names = question -> DNSResponse.getDefaultInstance();
    /** Connections that are open now, and all there ever were. */
    final AtomicInteger connections = new AtomicInteger();

    final AtomicInteger everConnected = new AtomicInteger();

    private final Set<String> missing;
    private final List<BindableService> more;
    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private volatile BroadcastProcessor<List<InterceptInfo>> views = BroadcastProcessor.create();
    private volatile BroadcastProcessor<DialRequest> dials = BroadcastProcessor.create();
    private volatile BroadcastProcessor<WorkloadEventsDelta> workloads = BroadcastProcessor.create();
    private final Map<ConnectionId, Channel> accepted = new ConcurrentHashMap<>();
    private final Set<ConnectionId> asked = ConcurrentHashMap.newKeySet();
    private final AtomicInteger serial = new AtomicInteger();
    private final Server server;
    private final Channel front;

    FakeManager(int port, Set<String> missing) throws IOException {
        this(port, missing, List.of());
    }

    FakeManager(int port, Set<String> missing, List<Status> restoreFailures) throws IOException {
        this(port, missing, restoreFailures, List.of());
    }

    /**
     * @param more services that it has besides
     */
    FakeManager(int port, Set<String> missing, List<Status> restoreFailures, List<BindableService> more)
            throws IOException {
        this.missing = missing;
        this.more = more;
        // Before it listens: the client may be there at once.
        this.restoreFailures = new ConcurrentLinkedQueue<>(restoreFailures);
        this.server = port == 0
                ? listening(0)
                : await().atMost(Duration.ofSeconds(30))
                        .ignoreExceptions()
                        .until(() -> listening(port), Objects::nonNull);
        this.front = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel socket) {
                        divert(socket);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    /** A port that is asked for again may be an outgoing connection's of anybody for a moment. */
    private Server listening(int port) throws IOException {
        var builder = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        more.forEach(builder::addService);
        return builder.addService((BindableService) this)
                .addService(new Pulses())
                .addTransportFilter(new Counting())
                // In the order of the connection, so that what was asked for first is there first.
                .directExecutor()
                .intercept(new Absent())
                .build()
                .start();
    }

    int port() {
        return server.getPort();
    }

    int frontPort() {
        return ((InetSocketAddress) front.localAddress()).getPort();
    }

    private void divert(Channel socket) {
        for (InterceptInfo info : intercepts.values()) {
            try {
                InetAddress loopback = InetAddress.getByName(info.getSpec().getTargetHost());
                var id = ConnectionId.of(
                        Protocol.TCP,
                        loopback,
                        serial.incrementAndGet(),
                        loopback,
                        info.getSpec().getTargetPort());
                accepted.put(id, socket);
                ask(id);
                return;
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        socket.close();
    }

    synchronized void ask(ConnectionId id) {
        asked.add(id);
        dials.onNext(DialRequest.newBuilder()
                .setConnId(id.bytes())
                .setDialTimeout(Duration.ofSeconds(2).toNanos())
                .build());
    }

    private synchronized void show() {
        views.onNext(List.copyOf(intercepts.values()));
    }

    @Override
    public Uni<VersionInfo2> version(Empty request) {
        return Uni.createFrom()
                .item(VersionInfo2.newBuilder()
                        .setName("Fake Manager")
                        .setVersion("2.20.2")
                        .build());
    }

    @Override
    public Uni<SessionInfo> arriveAsClient(ClientInfo request) {
        String id = "session-" + serial.incrementAndGet() + "-" + System.identityHashCode(this);
        sessions.add(id);
        return Uni.createFrom().item(SessionInfo.newBuilder().setSessionId(id).build());
    }

    @Override
    public Uni<Empty> remain(RemainRequest request) {
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    @Override
    public Uni<Empty> reconnectClient(ReconnectClientRequest request) {
        sessions.add(request.getSession().getSessionId());
        request.getInterceptsList().forEach(info -> intercepts.put(info.getId(), info));
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    /** Ends the watches without which a client has no session, as a manager does that goes away in good order. */
    synchronized void endWatches() {
        var oldViews = views;
        var oldDials = dials;
        views = BroadcastProcessor.create();
        dials = BroadcastProcessor.create();
        oldViews.onComplete();
        oldDials.onComplete();
    }

    /** Sends an update of the workloads, and ends that watch in the same breath. */
    void updateAndEndWorkloads() {
        var old = workloads;
        workloads = BroadcastProcessor.create();
        old.onNext(WorkloadEventsDelta.newBuilder()
                .addEvents(WorkloadEvent.newBuilder()
                        .setWorkload(WorkloadInfo.newBuilder().setName("new").setNamespace("default")))
                .build());
        old.onComplete();
    }

    @Override
    public Uni<Empty> depart(SessionInfo request) {
        sessions.remove(request.getSessionId());
        intercepts.clear();
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    @Override
    public Uni<PreparedIntercept> prepareIntercept(CreateInterceptRequest request) {
        return Uni.createFrom()
                .item(prepared.toBuilder()
                        .setError(prepareError)
                        .setErrorCategory(prepareError.isEmpty() ? 0 : 1)
                        .setWorkloadKind("Deployment")
                        .build());
    }

    @Override
    public Uni<InterceptInfo> createIntercept(CreateInterceptRequest request) {
        var info = InterceptInfo.newBuilder()
                .setId(request.getSession().getSessionId() + ":"
                        + request.getInterceptSpec().getName())
                .setSpec(request.getInterceptSpec())
                .setClientSession(request.getSession())
                .setPodIp("127.0.0.1")
                .putEnvironment("GREETING", "hello")
                .putEnvironment("PATH", "/nowhere")
                .setDisposition(InterceptDispositionType.WAITING);
        InterceptInfo waiting = info.build();
        intercepts.put(waiting.getId(), waiting);
        show();
        if (approves) {
            intercepts.put(
                    waiting.getId(),
                    info.setDisposition(InterceptDispositionType.ACTIVE).build());
            show();
        }
        return Uni.createFrom().item(waiting);
    }

    @Override
    public Uni<Empty> removeIntercept(RemoveInterceptRequest2 request) {
        intercepts.remove(request.getSession().getSessionId() + ":" + request.getName());
        show();
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    @Override
    public Multi<InterceptInfoSnapshot> watchIntercepts(SessionInfo request) {
        return Multi.createBy()
                .merging()
                .streams(
                        Multi.createFrom().item(List.copyOf(intercepts.values())),
                        watchesEnd ? Multi.createFrom().empty() : views)
                .map(all ->
                        InterceptInfoSnapshot.newBuilder().addAllIntercepts(all).build());
    }

    @Override
    public Multi<DialRequest> watchDial(SessionInfo request) {
        return dials;
    }

    @Override
    public Multi<WorkloadEventsDelta> watchWorkloads(WorkloadEventsRequest request) {
        var delta = WorkloadEventsDelta.newBuilder();
        for (String name : List.of("web", "orders")) {
            delta.addEvents(WorkloadEvent.newBuilder()
                    .setWorkload(WorkloadInfo.newBuilder()
                            .setName(name)
                            .setNamespace("default")
                            .setKind(WorkloadInfo.Kind.DEPLOYMENT)
                            .setAgentState(WorkloadInfo.AgentState.INSTALLED)));
        }
        return Multi.createBy().concatenating().streams(Multi.createFrom().item(delta.build()), workloads);
    }

    @Override
    public Multi<AgentInfoSnapshot> watchAgents(SessionInfo request) {
        var snapshot = AgentInfoSnapshot.newBuilder()
                .addAgents(AgentInfo.newBuilder()
                        .setName("web")
                        .setNamespace("default")
                        .putEnvironment("GREETING", "hello"));
        return Multi.createBy()
                .concatenating()
                .streams(
                        Multi.createFrom().item(snapshot.build()),
                        Multi.createFrom().nothing());
    }

    @Override
    public Multi<AgentPodInfoSnapshot> watchAgentPods(SessionInfo request) {
        return Multi.createBy()
                .merging()
                .streams(Multi.createFrom().item(List.copyOf(intercepts.values())), views)
                .map(all -> AgentPodInfoSnapshot.newBuilder()
                        .addAgents(AgentPodInfo.newBuilder()
                                .setPodIp(com.google.protobuf.ByteString.copyFrom(new byte[] {127, 0, 0, 1}))
                                .setApiPort(agentPort)
                                .setIntercepted(!all.isEmpty()))
                        .build());
    }

    volatile int agentPort;

    BroadcastProcessor<DialRequest> dials() {
        return dials;
    }

    @Override
    public Uni<DNSResponse> lookupDNS(DNSRequest request) {
        return Uni.createFrom().item(() -> names.apply(request));
    }

    @Override
    public Uni<LookupResponse> lookup(LookupRequest request) {
        var response = LookupResponse.newBuilder();
        if (request.getName().equals("web.far")) {
            response.addIps(com.google.protobuf.ByteString.copyFrom(new byte[] {127, 0, 0, 1}));
        }
        return Uni.createFrom().item(response.build());
    }

    @Override
    public Multi<TunnelMessage> tunnel(Multi<TunnelMessage> request) {
        return TunnelCall.serve(request, this::take);
    }

    void take(TunnelCall call) {
        Channel socket = accepted.remove(call.info().id());
        if (socket != null) {
            StreamEnd.join(call, TcpEnd.accepted(socket, Credit.standard()));
            return;
        }
        ConnectionId id = call.info().id();
        if (asked.contains(id)) {
            call.fail(new StreamFailure.Reset("nobody waits for it"));
            return;
        }
        var destination = new InetSocketAddress(id.destinationAddress(), id.destinationPort());
        CompletionStage<? extends StreamEnd> dialling = id.protocol() == Protocol.UDP
                ? UdpEnd.dial(loops, destination, Duration.ofMinutes(1), Credit.standard())
                : new Dialer(loops).dial(destination, Duration.ofSeconds(2), Credit.standard());
        dialling.whenComplete((end, failure) -> {
            if (failure == null) {
                StreamEnd.join(call, end);
            } else {
                call.fail(StreamFailure.of(failure));
            }
        });
    }

    List<String> namesOfIntercepts() {
        List<String> names = new ArrayList<>();
        intercepts.values().forEach(info -> names.add(info.getSpec().getName()));
        return names;
    }

    @Override
    public void close() {
        server.shutdownNow();
        front.close().awaitUninterruptibly();
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS);
    }

    static String tunnelMethod() {
        return ManagerGrpc.getTunnelMethod().getBareMethodName();
    }

    private final class Counting extends ServerTransportFilter {
        @Override
        public Attributes transportReady(Attributes attributes) {
            connections.incrementAndGet();
            everConnected.incrementAndGet();
            return attributes;
        }

        @Override
        public void transportTerminated(Attributes attributes) {
            connections.decrementAndGet();
        }
    }

    private final class Pulses extends LivenessGrpc.LivenessImplBase {
        @Override
        public StreamObserver<Pulse> beat(StreamObserver<Pulse> response) {
            return new StreamObserver<>() {
                @Override
                public void onNext(Pulse pulse) {
                    if (answersPulses) {
                        response.onNext(pulse);
                    }
                }

                @Override
                public void onError(Throwable cause) {}

                @Override
                public void onCompleted() {
                    response.onCompleted();
                }
            };
        }
    }

    /** Answers UNIMPLEMENTED for the methods that are missing, and notes all calls. */
    private final class Absent implements ServerInterceptor {
        @Override
        public <I, O> ServerCall.Listener<I> interceptCall(
                ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
            String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
            calls.add(method);
            if (!denied.isOk()) {
                call.close(denied, new Metadata());
                return new ServerCall.Listener<>() {};
            }
            Status failure = method.equals("ReconnectClient") ? restoreFailures.poll() : null;
            if (failure != null) {
                call.close(failure, new Metadata());
                return new ServerCall.Listener<>() {};
            }
            if (missing.contains(method)) {
                call.close(Status.UNIMPLEMENTED.withDescription("unknown method " + method), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            // The generated bindings map failures only inside Quarkus, so an unknown session is answered here.
            if (method.equals("Remain") && sessions.isEmpty()) {
                call.close(Status.NOT_FOUND.withDescription("session not found"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }
}
