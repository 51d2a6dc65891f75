package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.IntFunction;

/**
 * One loopback port that speaks SOCKS5 (CONNECT, UDP ASSOCIATE), HTTP CONNECT and plain HTTP proxying, told apart by the first
 * byte, and that serves its PAC file.
 * Anybody on this machine can use it; it listens on loopback only.
 */
public final class ProxyServer implements AutoCloseable {
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final InetSocketAddress address;

    private ProxyServer(Channel listener) {
        this.address = (InetSocketAddress) listener.localAddress();
        channels.add(listener);
    }

    /**
     * Bounds of what programs can ask of it.
     *
     * @param maxHeader bytes of the largest request head
     * @param maxConnections connections at one time; more are closed at once
     * @param handshake time a program has for its request
     * @param udpFlows destinations of one UDP association at one time; beyond it the one idle longest ends
     * @param udpIdle silence that ends the flow to one
     */
    public record Limits(int maxHeader, int maxConnections, Duration handshake, int udpFlows, Duration udpIdle) {}

    /**
     * Listens. Blocks until it does.
     *
     * @param port 0 = any free one
     * @param pac the script of the PAC file of that port; asked on the event loop, so it does not block
     * @throws Failure of kind CONFLICT when the port is taken
     */
    public static ProxyServer listen(
            int port, EventLoopGroup loops, OutboundStreams streams, Limits limits, IntFunction<String> pac) {
        ChannelGroup accepted = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        var binding = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (accepted.size() >= limits.maxConnections()) {
                            channel.close();
                            return;
                        }
                        accepted.add(channel);
                        channel.pipeline().addLast(new ProxyHandshake(streams, limits, pac));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new Failure(
                    Kind.CONFLICT,
                    "the proxy cannot listen on port " + port + ": "
                            + binding.cause().getMessage(),
                    "choose another with --proxy-port, or 0 for any free one",
                    binding.cause());
        }
        var server = new ProxyServer(binding.channel());
        server.channels.add(binding.channel());
        binding.channel().closeFuture().addListener(closed -> accepted.close());
        return server;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return address;
    }

    /** The URL of the PAC file. */
    public String pacUrl() {
        return "http://" + address.getAddress().getHostAddress() + ":" + address.getPort() + HttpDialect.PAC_PATH;
    }

    @Override
    public void close() {
        channels.close().awaitUninterruptibly(2000);
    }
}
