package dev.telepath.agent.api;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.telepath.agent.dial.DialAnswers;
import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.names.Names;
import dev.telepath.protocol.telepresence.agent.AgentGrpc;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.LookupRequest;
import dev.telepath.protocol.telepresence.manager.LookupResponse;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * {@code telepresence.agent.Agent}: clients of the direct era dial through it and watch for diverted connections.
 *
 * <p>Clear text, and its callers prove nothing: off unless the installation says so. All calls run on one event loop of
 * its own; no limit on their number but memory.
 */
public final class AgentApi implements AutoCloseable {
    private static final int STREAM_WINDOW = 256 * 1024;
    private static final int MAX_MESSAGE = 4 * 1024 * 1024;
    /** As peers have it: a client asks again elsewhere after that. */
    private static final Duration LOOKUP_TIME = Duration.ofMillis(250);

    private final EventLoopGroup group;
    private final Server server;
    private final DirectPath path;

    private AgentApi(EventLoopGroup group, Server server, DirectPath path) {
        this.group = group;
        this.server = server;
        this.path = path;
    }

    /**
     * Starts.
     *
     * @param port 0 = chosen by the system
     * @param version what the service says of itself
     * @throws IOException when the port cannot be bound
     */
    public static AgentApi start(String host, int port, String version, DialAnswers dials, Names names, Credit credit)
            throws IOException {
        var group = new NioEventLoopGroup(1, new DefaultThreadFactory("telepath-api", true));
        var path = new DirectPath();
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
                .bossEventLoopGroup(group)
                .workerEventLoopGroup(group)
                .channelType(NioServerSocketChannel.class)
                .directExecutor()
                .flowControlWindow(STREAM_WINDOW)
                .maxInboundMessageSize(MAX_MESSAGE)
                .maxConcurrentCallsPerConnection(Integer.MAX_VALUE)
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(new Service(group.next(), version, path, dials, names, credit))
                .build();
        try {
            server.start();
        } catch (IOException e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IOException(
                    "cannot listen on " + host + ":" + port + " (agent service): " + e.getMessage()
                            + "; is it in use? choose another --api-port",
                    e);
        }
        return new AgentApi(group, server, path);
    }

    public int port() {
        return server.getPort();
    }

    /** The way to clients that watch here. */
    public ClientPath path() {
        return path;
    }

    @Override
    public void close() {
        path.close();
        server.shutdownNow();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static final class Service extends AgentGrpc.AgentImplBase {
        private final EventLoop loop;
        private final String version;
        private final DirectPath path;
        private final DialAnswers dials;
        private final Names names;
        private final Credit credit;

        Service(EventLoop loop, String version, DirectPath path, DialAnswers dials, Names names, Credit credit) {
            this.loop = loop;
            this.version = version;
            this.path = path;
            this.dials = dials;
            this.names = names;
            this.credit = credit;
        }

        @Override
        public void version(Empty request, StreamObserver<VersionInfo2> response) {
            response.onNext(VersionInfo2.newBuilder()
                    .setName("telepath agent")
                    .setVersion(version)
                    .build());
            response.onCompleted();
        }

        @Override
        public StreamObserver<TunnelMessage> tunnel(StreamObserver<TunnelMessage> response) {
            return CallBridge.serve(
                    response,
                    loop,
                    credit,
                    incoming -> TunnelCall.serve(incoming, call -> {
                        if (!path.answered(call)) {
                            dials.answer(
                                    call,
                                    call.info().id(),
                                    call.info().dialTimeout(),
                                    call.info().sessionId());
                        }
                    }));
        }

        @Override
        public void watchDial(SessionInfo request, StreamObserver<DialRequest> response) {
            if (request.getSessionId().isEmpty()) {
                response.onError(Status.INVALID_ARGUMENT
                        .withDescription("the session id is empty")
                        .asRuntimeException());
                return;
            }
            var call = (ServerCallStreamObserver<DialRequest>) response;
            var watching = path.watch(request.getSessionId())
                    .emitOn(loop)
                    .subscribe()
                    .with(call::onNext, call::onError, call::onCompleted);
            call.setOnCancelHandler(watching::cancel);
        }

        @Override
        public void lookup(LookupRequest request, StreamObserver<LookupResponse> response) {
            names.addresses(request.getName())
                    .toCompletableFuture()
                    .orTimeout(LOOKUP_TIME.toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((found, failure) -> loop.execute(() -> {
                        if (failure != null) {
                            response.onError(Status.DEADLINE_EXCEEDED
                                    .withDescription(request.getName() + " was not resolved in time")
                                    .asRuntimeException());
                            return;
                        }
                        var answer = LookupResponse.newBuilder();
                        found.forEach(address -> answer.addIps(ByteString.copyFrom(address.getAddress())));
                        response.onNext(answer.build());
                        response.onCompleted();
                    }));
        }
    }
}
