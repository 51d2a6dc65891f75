package dev.telepath.client.dns;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jboss.logging.Logger;

/** A resolver at one address and port of this machine, by UDP and TCP. Thread-safe; opening and closing block. */
public final class DnsServer implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(DnsServer.class);
    /** The largest query that is read; what is longer comes by TCP. */
    private static final int MAX_QUERY = 4096;
    /** How often another port is tried where UDP has one that TCP does not. */
    private static final int TRIES = 8;
    /** Bytes of answers that wait for the socket; beyond the second, answers are dropped until the first is reached. */
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(256 * 1024, 1024 * 1024);

    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final InetSocketAddress address;

    /**
     * Bounds of what programs can ask of it.
     *
     * @param maxConnections TCP connections at one time; more are closed at once
     * @param idle silence that ends a TCP connection
     */
    public record Limits(int maxConnections, Duration idle) {
        public static final Limits USUAL = new Limits(256, Duration.ofSeconds(10));
    }

    private DnsServer(Channel udp, Channel tcp, ChannelGroup accepted) {
        this.address = (InetSocketAddress) udp.localAddress();
        channels.add(udp);
        channels.add(tcp);
        tcp.closeFuture().addListener(closed -> accepted.close());
    }

    /**
     * Listens. Blocks until it does.
     *
     * @param port the same for both transports; 0 = any that is free for both
     * @throws Failure of kind CONFLICT when the port is taken
     */
    public static DnsServer listen(
            InetAddress address, int port, EventLoopGroup loops, Resolver resolver, Limits limits) {
        for (int tries = 1; ; tries++) {
            ChannelFuture udp = udp(address, port, loops, resolver);
            required(udp, address, port);
            int bound = ((InetSocketAddress) udp.channel().localAddress()).getPort();
            ChannelGroup accepted = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
            ChannelFuture tcp = tcp(address, bound, loops, resolver, limits, accepted);
            if (tcp.isSuccess()) {
                return new DnsServer(udp.channel(), tcp.channel(), accepted);
            }
            udp.channel().close().awaitUninterruptibly();
            if (port != 0 || tries == TRIES) {
                required(tcp, address, bound);
            }
        }
    }

    private static void required(ChannelFuture binding, InetAddress address, int port) {
        if (!binding.isSuccess()) {
            throw new Failure(
                    Kind.CONFLICT,
                    "DNS cannot listen on " + address.getHostAddress() + " port " + port + ": "
                            + binding.cause().getMessage(),
                    "another program has that port, or this user may not use it",
                    binding.cause());
        }
    }

    private static ChannelFuture udp(InetAddress address, int port, EventLoopGroup loops, Resolver resolver) {
        return new Bootstrap()
                .group(loops)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(MAX_QUERY))
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
                .handler(new Datagrams(resolver))
                .bind(new InetSocketAddress(address, port))
                .awaitUninterruptibly();
    }

    private static ChannelFuture tcp(
            InetAddress address,
            int port,
            EventLoopGroup loops,
            Resolver resolver,
            Limits limits,
            ChannelGroup accepted) {
        return new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (accepted.size() >= limits.maxConnections()) {
                            channel.close();
                            return;
                        }
                        accepted.add(channel);
                        channel.pipeline().addLast(new DnsOverTcp(resolver, limits.idle()));
                    }
                })
                .bind(new InetSocketAddress(address, port))
                .awaitUninterruptibly();
    }

    /** Each datagram is a question; its answer goes back where it came from. */
    private static final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {
        private final Resolver resolver;

        Datagrams(Resolver resolver) {
            this.resolver = resolver;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            byte[] query = ByteBufUtil.getBytes(packet.content());
            InetSocketAddress sender = packet.sender();
            resolver.answer(query, Resolver.mostOfUdp(query)).thenAccept(answer -> {
                // A program that does not read must not fill this process; it asks again.
                if (answer.length > 0 && ctx.channel().isWritable()) {
                    ctx.writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(answer), sender), ctx.voidPromise());
                }
            });
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Whoever asked has closed its port, or the answer did not fit: that one is lost.
            LOG.debugf("dns datagram lost cause=\"%s\"", cause.getMessage());
        }
    }

    /** Where it listens, by both transports. */
    public InetSocketAddress address() {
        return address;
    }

    /** Ends listening and every connection. The system has the port back at the next turn of the event loop. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly(2000);
    }
}
