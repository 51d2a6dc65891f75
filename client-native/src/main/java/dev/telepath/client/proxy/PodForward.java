package dev.telepath.client.proxy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A loopback port that leads to the same port of an engaged workload ({@code --to-pod}). */
public final class PodForward implements AutoCloseable {
    private final Channel listener;

    private PodForward(Channel listener) {
        this.listener = listener;
    }

    /**
     * Listens. Blocks until it does.
     *
     * @throws Failure of kind CONFLICT when the port is taken
     */
    public static PodForward listen(int port, String podHost, EventLoopGroup loops, OutboundStreams streams) {
        var binding = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel socket) {
                        streams.open(podHost, port)
                                .whenComplete((call, failure) -> socket.eventLoop()
                                        .execute(() -> {
                                            if (failure == null) {
                                                streams.join(socket, Unpooled.EMPTY_BUFFER, call);
                                            } else {
                                                socket.close();
                                            }
                                        }));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new Failure(
                    Kind.CONFLICT,
                    "--to-pod " + port + ": cannot listen on it: "
                            + binding.cause().getMessage(),
                    "free that port or leave --to-pod out",
                    binding.cause());
        }
        return new PodForward(binding.channel());
    }

    @Override
    public void close() {
        listener.close().awaitUninterruptibly(2000);
    }
}
