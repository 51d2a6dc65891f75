package dev.telepath.agent.attach;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.telepath.agent.direct.ManagerCalls;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.ReconnectAgentRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.protocol.v1.CertificateRequest;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyDirectLinksGrpc;
import dev.telepath.protocol.v1.MutinyHandshakeGrpc;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.protocol.v1.ServerCertificate;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.carry.Carrier;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a manager and the session on it. Made by the attachment for each attempt, and its channel is ended by it. Calls
 * are made on any thread; their results come on the thread that gRPC likes.
 */
final class ManagerSession {
    /** What a manager answers to a session that it will not give back. */
    private static final Set<Status.Code> ARRIVE_INSTEAD = EnumSet.of(
            Status.Code.NOT_FOUND,
            Status.Code.INVALID_ARGUMENT,
            Status.Code.FAILED_PRECONDITION,
            Status.Code.PERMISSION_DENIED,
            Status.Code.ALREADY_EXISTS);

    private final ManagedChannel channel;
    private final Context.CancellableContext watchLife = Context.ROOT.withCancellation();
    private final Channel watching;
    private final Self self;
    private final InetAddress address;
    private final Interests interests;
    private final Duration callTimeout;
    private volatile @Nullable Capabilities capabilities;
    private volatile SessionInfo session = SessionInfo.getDefaultInstance();

    ManagerSession(ManagedChannel channel, InetAddress address, Interests interests, Duration callTimeout) {
        this.channel = channel;
        this.watching = ClientInterceptors.intercept(channel, new Bound(watchLife));
        this.self = interests.self();
        this.address = address;
        this.interests = interests;
        this.callTimeout = callTimeout;
    }

    /** Control calls, with a deadline. */
    MutinyManagerGrpc.MutinyManagerStub calls() {
        return MutinyManagerGrpc.newMutinyStub(channel)
                .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Watches, which have none, until {@link #endWatches}. */
    MutinyManagerGrpc.MutinyManagerStub watches() {
        return MutinyManagerGrpc.newMutinyStub(watching);
    }

    /** Ends the calls of all watches. Their subscribers see a failure. */
    void endWatches() {
        watchLife.cancel(null);
    }

    /** Cancelling a generated Mutiny stub's subscription leaves its call open; cancelling the call's context ends it. */
    private static final class Bound implements ClientInterceptor {
        private final Context.CancellableContext life;

        Bound(Context.CancellableContext life) {
            this.life = life;
        }

        @Override
        public <I, O> ClientCall<I, O> interceptCall(MethodDescriptor<I, O> method, CallOptions options, Channel next) {
            Context before = life.attach();
            try {
                return next.newCall(method, options);
            } finally {
                life.detach(before);
            }
        }
    }

    SessionInfo info() {
        return session;
    }

    /** Known once {@link #attach} succeeded. */
    Capabilities capabilities() {
        Capabilities known = capabilities;
        if (known == null) {
            throw new IllegalStateException("asked for what a peer can do before it was met");
        }
        return known;
    }

    /**
     * Meets the manager and arrives, under the session of before if it gives it back.
     *
     * @return what the manager says it is
     */
    Uni<String> attach(Optional<SessionInfo> before) {
        return calls().version(Empty.getDefaultInstance())
                .chain(this::meet)
                .chain(() -> arrive(before))
                .invoke(arrived -> session = arrived)
                .chain(this::offer)
                .map(done -> capabilities().peer());
    }

    private Uni<Void> meet(VersionInfo2 version) {
        var peer = new Capabilities(
                (version.getName() + " " + version.getVersion()).strip(),
                interests.metrics().registry());
        capabilities = peer;
        var own = PeerInfo.newBuilder()
                .setRole("agent")
                .setProduct(Self.PRODUCT)
                .setVersion(self.version())
                .build();
        return peer.call(
                        Capability.HANDSHAKE,
                        () -> MutinyHandshakeGrpc.newMutinyStub(channel)
                                .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS)
                                .exchange(own),
                        () -> Uni.createFrom().item(PeerInfo.getDefaultInstance()))
                .invoke(answer -> learn(peer, answer))
                .replaceWithVoid();
    }

    private static void learn(Capabilities peer, PeerInfo answer) {
        if (answer.getRole().isEmpty()) {
            return;
        }
        if (!answer.getRole().equals("manager")) {
            throw Status.UNIMPLEMENTED
                    .withDescription("the peer is a " + answer.getRole())
                    .asRuntimeException();
        }
        Set<Capability> supported = EnumSet.of(Capability.HANDSHAKE);
        answer.getCapabilitiesList().forEach(label -> Capability.of(label).ifPresent(supported::add));
        peer.learn(supported);
    }

    private Uni<SessionInfo> arrive(Optional<SessionInfo> before) {
        AgentInfo info = self.info(address);
        if (before.isEmpty()) {
            return calls().arriveAsAgent(info);
        }
        var again = ReconnectAgentRequest.newBuilder()
                .setSession(before.get())
                .setAgent(info)
                .build();
        return capabilities()
                .call(
                        Capability.RECONNECT,
                        () -> calls().reconnectAgent(again)
                                .replaceWith(before.get())
                                .onFailure(ManagerSession::arriveInstead)
                                .recoverWithUni(() -> calls().arriveAsAgent(info)),
                        () -> calls().arriveAsAgent(info));
    }

    private static boolean arriveInstead(Throwable failure) {
        return failure instanceof StatusRuntimeException status
                && ARRIVE_INSTEAD.contains(status.getStatus().getCode());
    }

    private Uni<Void> offer() {
        return capabilities()
                .call(
                        Capability.WORKLOAD_OFFERS,
                        () -> MutinyWorkloadsGrpc.newMutinyStub(channel)
                                .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS)
                                .offer(self.offering(session.getSessionId(), address)),
                        () -> Uni.createFrom().item(Empty.getDefaultInstance()))
                .replaceWithVoid();
    }

    /** Links of resumable streams over this connection. */
    Carrier carrier() {
        return Carrier.over(channel, interests.credit());
    }

    /** What the manager does for connections past it. */
    ManagerCalls direct() {
        var id = session.getSessionId();
        return new ManagerCalls() {
            @Override
            public Uni<ByteString> certify(ByteString publicKey) {
                return stub().certify(CertificateRequest.newBuilder()
                                .setSessionId(id)
                                .setPublicKey(publicKey)
                                .build())
                        .map(ServerCertificate::getCertificate);
            }

            @Override
            public Uni<Void> listen(AgentListener where) {
                return stub().listen(where.toBuilder().setSessionId(id).build()).replaceWithVoid();
            }

            private MutinyDirectLinksGrpc.MutinyDirectLinksStub stub() {
                return MutinyDirectLinksGrpc.newMutinyStub(channel)
                        .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
            }
        };
    }

    /**
     * Requests of links, until {@link #endWatches}.
     *
     * @param run of this process: one before it may have had the session, where the manager knows agents by their pod
     */
    Multi<LinkRequest> links(long run) {
        return MutinyStreamsGrpc.newMutinyStub(watching)
                .watchLinks(LinkWatch.newBuilder()
                        .setSessionId(session.getSessionId())
                        .setRun(run)
                        .build());
    }

    /** A stream to the client of an engagement. */
    TunnelCall toClient(Engagement engagement, ConnectionId id) {
        return open(id, engagement.latency(), engagement.dialTimeout(), engagement.clientSession());
    }

    /** The answer to a dial request. */
    TunnelCall answer(ConnectionId id, Duration latency, Duration dialTimeout) {
        return open(id, latency, dialTimeout, null);
    }

    private TunnelCall open(ConnectionId id, Duration latency, Duration dialTimeout, @Nullable String client) {
        Credit credit = interests.credit();
        var info = new Frame.StreamInfo(FrameCodec.VERSION, latency, dialTimeout, id, session.getSessionId());
        return TunnelCall.open(channel, ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info, client);
    }

    /** Says good-bye; never fails. */
    Uni<Void> depart() {
        return calls().depart(session).replaceWithVoid().onFailure().recoverWithNull();
    }
}
