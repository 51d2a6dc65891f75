package dev.telepath.manager.server;

import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.stream.TunnelCall;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A client or agent as its program would connect: pinned TLS, bearer token, one event loop. */
final class Peer implements AutoCloseable {
    private static final Duration WAIT = Duration.ofSeconds(20);

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final ManagedChannel channel;
    private final Credit credit = Credit.standard();

    Peer(ManagerAddress address, Optional<JoinToken> token) {
        channel = ManagerChannel.open(address, token, loops, ManagerChannel.Limits.STANDARD);
    }

    ManagedChannel channel() {
        return channel;
    }

    MutinyManagerGrpc.MutinyManagerStub manager() {
        return MutinyManagerGrpc.newMutinyStub(channel);
    }

    SessionInfo arriveAsClient(String name) {
        return manager()
                .arriveAsClient(ClientInfo.newBuilder()
                        .setName(name)
                        .setInstallId("install")
                        .setProduct("telepath")
                        .setVersion("0.1.0")
                        .build())
                .await()
                .atMost(WAIT);
    }

    SessionInfo arriveAsAgent(String workload, String podIp) {
        return arrive(agent(workload, podIp));
    }

    SessionInfo arrive(AgentInfo.Builder agent) {
        return manager().arriveAsAgent(agent.build()).await().atMost(WAIT);
    }

    static AgentInfo.Builder agent(String workload, String podIp) {
        return AgentInfo.newBuilder()
                .setName(workload)
                .setNamespace("default")
                .setProduct("telepath")
                .setVersion("0.1.0")
                .setPodIp(podIp)
                .putEnvironment("SECRET", "lent")
                .addMechanisms(AgentInfo.Mechanism.newBuilder()
                        .setName("tcp")
                        .setProduct("telepath")
                        .setVersion("0.1.0"));
    }

    TunnelCall tunnel(SessionInfo session, ConnectionId id, Duration dialTimeout, @Nullable String forSession) {
        var info = new Frame.StreamInfo(FrameCodec.VERSION, Duration.ZERO, dialTimeout, id, session.getSessionId());
        return TunnelCall.open(channel, ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info, forSession);
    }

    TunnelCall tunnelVia(String workload, SessionInfo session, ConnectionId id, Duration dialTimeout) {
        var info = new Frame.StreamInfo(
                FrameCodec.VERSION, Duration.ZERO, dialTimeout, id, session.getSessionId(), workload);
        return TunnelCall.open(channel, ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info, null);
    }

    static ConnectionId id(int sourcePort, int destinationPort) {
        return ConnectionId.of(
                Protocol.TCP,
                new InetSocketAddress("127.0.0.1", sourcePort),
                new InetSocketAddress("127.0.0.1", destinationPort));
    }

    @Override
    public void close() {
        channel.shutdownNow();
        // Calls that are cancelled by the line above still use the loop.
        loops.shutdownGracefully(1, 3, java.util.concurrent.TimeUnit.SECONDS);
    }
}
