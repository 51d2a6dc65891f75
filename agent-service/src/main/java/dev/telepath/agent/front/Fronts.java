package dev.telepath.agent.front;

import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.net.UdpEnd;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The guarded ports. First all are bound, so that a port in use is told before anything else starts; then they accept.
 *
 * <p>Bound and closed by the agent's start and stop; connections live on the event loops given.
 */
public final class Fronts implements AutoCloseable {
    private static final AttributeKey<Route> ROUTE = AttributeKey.valueOf("telepath.route");
    private static final AttributeKey<GuardedPort> PORT = AttributeKey.valueOf("telepath.port");

    private final EventLoopGroup loops;
    private final List<Front> fronts = new ArrayList<>();
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final CompletableFuture<Joints> joints = new CompletableFuture<>();

    public Fronts(EventLoopGroup loops) {
        this.loops = loops;
    }

    /**
     * Binds one port. Blocks until it is bound; connections wait in the backlog until {@link #accept}.
     *
     * @throws IOException when it cannot be bound: in use, not allowed, no such address
     */
    public Front bind(GuardedPort port, String host, int backlog) throws IOException {
        ChannelFuture bound = port.protocol() == Protocol.TCP ? tcp(port, host, backlog) : udp(port, host);
        bound.awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "cannot listen on " + host + ":" + port.listen() + " (" + port.protocol() + "): "
                            + bound.cause().getMessage() + "; is it in use? choose another --port",
                    bound.cause());
        }
        int actual = ((InetSocketAddress) bound.channel().localAddress()).getPort();
        var front = new Front(port, port.listeningOn(actual), bound.channel());
        fronts.add(front);
        return front;
    }

    private ChannelFuture tcp(GuardedPort port, String host, int backlog) {
        return new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, backlog)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.AUTO_READ, false)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TcpEnd.configure(channel.config());
                        connections.add(channel);
                        Route route = route(channel.parent());
                        Joints with = joints.join();
                        var arrival = new TcpArrival(channel, portOf(channel.parent()), with);
                        channel.eventLoop().execute(() -> route.decide(arrival));
                    }
                })
                .bind(host, port.listen());
    }

    private ChannelFuture udp(GuardedPort port, String host) {
        return new Bootstrap()
                .group(loops)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(UdpEnd.MAX_DATAGRAM))
                .option(ChannelOption.AUTO_READ, false)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {}
                })
                .bind(host, port.listen());
    }

    private static Route route(Channel listening) {
        return Objects.requireNonNull(listening.attr(ROUTE).get(), "accepts only after it has a route");
    }

    private static GuardedPort portOf(Channel listening) {
        return Objects.requireNonNull(listening.attr(PORT).get(), "accepts only after it has a port");
    }

    /** The ports as they listen. */
    public List<GuardedPort> listening() {
        return fronts.stream().map(Front::actual).toList();
    }

    /** Lets the bound ports accept. Once. */
    public void accept(Joints with) {
        joints.complete(with);
        for (Front front : fronts) {
            var route = new Route(front.actual(), with);
            Channel channel = front.channel();
            channel.attr(ROUTE).set(route);
            channel.attr(PORT).set(front.actual());
            if (front.actual().protocol() == Protocol.UDP) {
                channel.pipeline().addLast(new UdpFlows(channel, front.actual(), route, with));
            }
            channel.config().setAutoRead(true);
        }
    }

    /** Stops accepting; open connections go on. */
    @Override
    public void close() {
        fronts.forEach(front -> front.channel().close());
    }

    /** How many connections are open. */
    public int open() {
        return connections.size();
    }

    /** Resets the connections that are still open: an orderly end would pass for that of the data. */
    public CompletionStage<Void> resetConnections() {
        var done = new CompletableFuture<Void>();
        connections.forEach(connection -> connection.eventLoop().execute(() -> {
            if (connection.isActive()) {
                connection.config().setOption(ChannelOption.SO_LINGER, 0);
            }
            connection.close();
        }));
        connections.newCloseFuture().addListener(closed -> done.complete(null));
        return done;
    }
}
