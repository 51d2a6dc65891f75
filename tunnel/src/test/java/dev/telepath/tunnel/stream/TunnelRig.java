package dev.telepath.tunnel.stream;

import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.TcpEnd;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A real path on loopback: an accepting port, a {@code Tunnel} call to a real gRPC server, and a dial to the target.
 * What an agent, a manager and a client do, in one process and without their control plane.
 */
final class TunnelRig implements AutoCloseable {
    final NioEventLoopGroup loops = new NioEventLoopGroup(2);
    final Credit credit = Credit.standard();
    final Set<StreamEnd> live = ConcurrentHashMap.newKeySet();
    final AtomicInteger serverCalls = new AtomicInteger();
    final Server server;
    final ManagedChannel channel;
    private final Dialer dialer = new Dialer(loops);
    private final Channel listener;

    /**
     * @param target where the far edge dials
     */
    TunnelRig(InetSocketAddress target) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelType(NioServerSocketChannel.class)
                .directExecutor()
                .flowControlWindow(256 * 1024)
                .addService(new ManagerGrpc.ManagerImplBase() {
                    @Override
                    public StreamObserver<TunnelMessage> tunnel(StreamObserver<TunnelMessage> response) {
                        serverCalls.incrementAndGet();
                        EventExecutor loop = currentLoop();
                        return CallBridge.serve(
                                response, loop, credit, in -> TunnelCall.serve(in, call -> dial(call, target)));
                    }
                })
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .eventLoopGroup(loops)
                .channelType(NioSocketChannel.class)
                .directExecutor()
                .flowControlWindow(256 * 1024)
                .build();
        listener = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel accepted) {
                        tunnel(accepted);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
    }

    InetSocketAddress front() {
        return (InetSocketAddress) listener.localAddress();
    }

    Frame.StreamInfo info(InetSocketAddress source) {
        return new Frame.StreamInfo(
                FrameCodec.VERSION,
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                ConnectionId.of(Protocol.TCP, source, new InetSocketAddress("127.0.0.1", 1)),
                "session");
    }

    TunnelCall open(InetSocketAddress source) {
        return TunnelCall.open(channel, ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info(source), null);
    }

    private EventExecutor currentLoop() {
        for (EventExecutor loop : loops) {
            if (loop.inEventLoop()) {
                return loop;
            }
        }
        throw new IllegalStateException("a call is served on an event loop");
    }

    private void tunnel(Channel accepted) {
        TcpEnd socket = TcpEnd.accepted(accepted, credit);
        TunnelCall call = open((InetSocketAddress) accepted.remoteAddress());
        track(socket);
        track(call);
        StreamEnd.join(socket, call);
    }

    private void dial(TunnelCall call, InetSocketAddress target) {
        track(call);
        dialer.dial(target, call.info().dialTimeout(), credit).whenComplete((end, failure) -> {
            if (failure != null) {
                call.fail(StreamFailure.of(failure));
            } else {
                track(end);
                StreamEnd.join(end, call);
            }
        });
    }

    private void track(StreamEnd end) {
        live.add(end);
        end.closed().thenRun(() -> live.remove(end));
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        channel.shutdownNow();
        server.shutdownNow();
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS);
    }
}
