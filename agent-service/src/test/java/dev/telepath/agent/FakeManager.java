package dev.telepath.agent;

import static org.awaitility.Awaitility.await;

import com.google.protobuf.Empty;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.DNSAgentResponse;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoDelta;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.LogLevelRequest;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.ReconnectAgentRequest;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.protocol.telepresence.manager.TunnelMetrics;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.protocol.v1.WorkloadsGrpc;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A manager and the client behind it in one: what an agent sends to a client is dialled here. Any set of methods may
 * answer {@code UNIMPLEMENTED}. Its state outlives {@link #stop}, as that of a manager that keeps its sessions.
 */
final class FakeManager implements AutoCloseable {
    final List<AgentInfo> arrivals = new CopyOnWriteArrayList<>();
    final List<ReconnectAgentRequest> reconnects = new CopyOnWriteArrayList<>();
    final List<ReviewInterceptRequest> reviews = new CopyOnWriteArrayList<>();
    final List<TunnelMetrics> reports = new CopyOnWriteArrayList<>();
    final List<DNSAgentResponse> names = new CopyOnWriteArrayList<>();
    final List<Offering> offers = new CopyOnWriteArrayList<>();
    final List<String> departures = new CopyOnWriteArrayList<>();
    final AtomicInteger remains = new AtomicInteger();
    final AtomicInteger unimplemented = new AtomicInteger();
    final AtomicInteger attempts = new AtomicInteger();
    final Map<String, InterceptInfo> intercepts = new ConcurrentHashMap<>();
    /** False: nobody watches for dials, as after the client's end. */
    volatile boolean clientThere = true;
    /** Every call ends in this, when it is no OK. */
    volatile Status denied = Status.OK;

    volatile boolean sessionKnown = true;
    /** Whether pulses are answered. */
    volatile boolean answersPulses = true;
    /** Connections that are open now, and all there ever were. */
    final AtomicInteger connections = new AtomicInteger();

    final AtomicInteger everConnected = new AtomicInteger();

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final Credit credit = Credit.standard();
    private final Set<String> missing;
    private final Map<ConnectionId, CompletableFuture<TunnelCall>> awaited = new ConcurrentHashMap<>();
    private final List<StreamObserver<InterceptInfoSnapshot>> snapshots = new CopyOnWriteArrayList<>();
    private final List<StreamObserver<InterceptInfoDelta>> deltas = new CopyOnWriteArrayList<>();
    private final List<StreamObserver<DialRequest>> dials = new CopyOnWriteArrayList<>();
    private final List<StreamObserver<DNSRequest>> lookups = new CopyOnWriteArrayList<>();
    private Server server;
    private int port;

    /**
     * @param missing names of methods that answer UNIMPLEMENTED, e.g. {@code ReportMetrics}
     */
    FakeManager(Set<String> missing) throws IOException {
        this.missing = missing;
        this.server = run(0);
        this.port = server.getPort();
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    private Server run(int at) throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), at))
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelType(NioServerSocketChannel.class)
                .directExecutor()
                .addService(new Manager())
                .addService(new Offers())
                .addService(new Pulses())
                .addTransportFilter(new Counting())
                .intercept(new Gate())
                .build()
                .start();
    }

    void stop() throws InterruptedException {
        snapshots.clear();
        deltas.clear();
        dials.clear();
        lookups.clear();
        server.shutdownNow().awaitTermination();
    }

    /** At the same port, which an outgoing connection of anybody may have for a moment. */
    void restart() {
        await().atMost(Duration.ofSeconds(30)).ignoreExceptions().untilAsserted(() -> server = run(port));
    }

    /** Ends every intercept watch as a manager does when it ends the session. */
    void endWatches() {
        onLoop(() -> {
            snapshots.forEach(StreamObserver::onCompleted);
            deltas.forEach(StreamObserver::onCompleted);
            snapshots.clear();
            deltas.clear();
        });
    }

    void put(InterceptInfo info) {
        intercepts.put(info.getId(), info);
        publish();
    }

    void remove(String id) {
        intercepts.remove(id);
        onLoop(() -> {
            snapshots.forEach(watch -> watch.onNext(snapshot()));
            deltas.forEach(watch ->
                    watch.onNext(InterceptInfoDelta.newBuilder().addRemovals(id).build()));
        });
    }

    private void publish() {
        onLoop(() -> {
            snapshots.forEach(watch -> watch.onNext(snapshot()));
            deltas.forEach(watch -> watch.onNext(delta()));
        });
    }

    private InterceptInfoSnapshot snapshot() {
        return InterceptInfoSnapshot.newBuilder()
                .addAllIntercepts(intercepts.values())
                .build();
    }

    private InterceptInfoDelta delta() {
        return InterceptInfoDelta.newBuilder().putAllUpserts(intercepts).build();
    }

    /** Watches for dials that are open now. */
    int dialWatches() {
        return dials.size();
    }

    /** Asks the agent to dial what the id names. */
    CompletableFuture<TunnelCall> dial(ConnectionId id) {
        var call = new CompletableFuture<TunnelCall>();
        awaited.put(id, call);
        onLoop(() -> dials.forEach(watch -> watch.onNext(DialRequest.newBuilder()
                .setConnId(id.bytes())
                .setDialTimeout(TimeUnit.SECONDS.toNanos(2))
                .build())));
        return call;
    }

    void lookUp(String name, int type) {
        onLoop(() -> lookups.forEach(watch ->
                watch.onNext(DNSRequest.newBuilder().setName(name).setType(type).build())));
    }

    private void onLoop(Runnable task) {
        loops.next().submit(task).syncUninterruptibly();
    }

    @Override
    public void close() {
        server.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private final class Gate implements ServerInterceptor {
        @Override
        public <I, O> ServerCall.Listener<I> interceptCall(
                ServerCall<I, O> call, Metadata headers, ServerCallHandler<I, O> next) {
            String method = call.getMethodDescriptor().getBareMethodName();
            Status refused = denied;
            if (method != null && method.equals("Version")) {
                attempts.incrementAndGet();
            }
            if (missing.contains(method)) {
                unimplemented.incrementAndGet();
                refused = Status.UNIMPLEMENTED.withDescription("unknown method " + method);
            }
            if (!refused.isOk()) {
                call.close(refused, new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
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

    private final class Offers extends WorkloadsGrpc.WorkloadsImplBase {
        @Override
        public void offer(Offering request, StreamObserver<Empty> response) {
            offers.add(request);
            done(response);
        }
    }

    private static void done(StreamObserver<Empty> response) {
        response.onNext(Empty.getDefaultInstance());
        response.onCompleted();
    }

    private final class Manager extends ManagerGrpc.ManagerImplBase {
        @Override
        public void version(Empty request, StreamObserver<VersionInfo2> response) {
            response.onNext(VersionInfo2.newBuilder()
                    .setName("fake")
                    .setVersion("v2.16.1")
                    .build());
            response.onCompleted();
        }

        @Override
        public void arriveAsAgent(AgentInfo request, StreamObserver<SessionInfo> response) {
            arrivals.add(request);
            sessionKnown = true;
            response.onNext(SessionInfo.newBuilder()
                    .setSessionId("agent:" + arrivals.size())
                    .build());
            response.onCompleted();
        }

        @Override
        public void reconnectAgent(ReconnectAgentRequest request, StreamObserver<Empty> response) {
            reconnects.add(request);
            done(response);
        }

        @Override
        public void remain(RemainRequest request, StreamObserver<Empty> response) {
            if (!sessionKnown) {
                response.onError(
                        Status.NOT_FOUND.withDescription("Session not found").asRuntimeException());
                return;
            }
            remains.incrementAndGet();
            done(response);
        }

        @Override
        public void depart(SessionInfo request, StreamObserver<Empty> response) {
            departures.add(request.getSessionId());
            done(response);
        }

        @Override
        public void reportMetrics(TunnelMetrics request, StreamObserver<Empty> response) {
            reports.add(request);
            done(response);
        }

        @Override
        public void reviewIntercept(ReviewInterceptRequest request, StreamObserver<Empty> response) {
            reviews.add(request);
            intercepts.computeIfPresent(
                    request.getId(),
                    (id, info) -> info.toBuilder()
                            .setDisposition(request.getDisposition())
                            .setMessage(request.getMessage())
                            .build());
            done(response);
            loops.next().execute(() -> {
                snapshots.forEach(watch -> watch.onNext(snapshot()));
                deltas.forEach(watch -> watch.onNext(delta()));
            });
        }

        @Override
        public void agentLookupDNSResponse(DNSAgentResponse request, StreamObserver<Empty> response) {
            names.add(request);
            done(response);
        }

        @Override
        public void watchIntercepts(SessionInfo request, StreamObserver<InterceptInfoSnapshot> response) {
            snapshots.add(response);
            response.onNext(snapshot());
        }

        @Override
        public void watchInterceptsDelta(SessionInfo request, StreamObserver<InterceptInfoDelta> response) {
            deltas.add(response);
            response.onNext(delta());
        }

        @Override
        public void watchDial(SessionInfo request, StreamObserver<DialRequest> response) {
            dials.add(response);
            ((ServerCallStreamObserver<DialRequest>) response).setOnCancelHandler(() -> dials.remove(response));
        }

        @Override
        public void watchLookupDNS(SessionInfo request, StreamObserver<DNSRequest> response) {
            lookups.add(response);
        }

        @Override
        public void watchLogLevel(Empty request, StreamObserver<LogLevelRequest> response) {}

        @Override
        public StreamObserver<TunnelMessage> tunnel(StreamObserver<TunnelMessage> response) {
            return CallBridge.serve(
                    response, loops.next(), credit, incoming -> TunnelCall.serve(incoming, this::serve));
        }

        private CompletionStage<? extends StreamEnd> dialTarget(TunnelCall call) {
            var id = call.info().id();
            var target = new InetSocketAddress(id.destinationAddress(), id.destinationPort());
            return id.protocol() == Protocol.UDP
                    ? UdpEnd.dial(loops, target, Duration.ofSeconds(5), credit)
                    : new Dialer(loops).dial(target, call.info().dialTimeout(), credit);
        }

        private void serve(TunnelCall call) {
            var waiting = awaited.remove(call.info().id());
            if (waiting != null) {
                waiting.complete(call);
                return;
            }
            call.session().thenAccept(client -> {
                if (!clientThere) {
                    call.refuse(Status.UNAVAILABLE.withDescription("client " + client + " does not watch"));
                    return;
                }
                dialTarget(call).whenComplete((end, failure) -> {
                    if (failure != null) {
                        call.fail(StreamFailure.of(failure));
                    } else {
                        StreamEnd.join(end, call);
                    }
                });
            });
        }
    }

    /** An intercept of {@code web}'s port {@code http} that waits for review. */
    static InterceptInfo waiting(String id, int targetPort, boolean wiretap) {
        var info = InterceptInfo.newBuilder().setId(id).setDisposition(InterceptDispositionType.WAITING);
        info.getClientSessionBuilder().setSessionId("client-" + id);
        info.getSpecBuilder()
                .setName(id)
                .setClient("user@" + id)
                .setAgent("web")
                .setNamespace("default")
                .setMechanism("tcp")
                .setPortIdentifier("http")
                .setTargetHost("127.0.0.1")
                .setTargetPort(targetPort)
                .setDialTimeout(TimeUnit.SECONDS.toNanos(2))
                .setWiretap(wiretap);
        return info.build();
    }
}
