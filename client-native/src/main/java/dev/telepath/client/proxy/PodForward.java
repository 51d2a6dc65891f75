package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
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
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** A loopback port that leads to a port of an engaged workload's pod ({@code --to-pod}, {@code --local-mount-port}). */
public final class PodForward implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(PodForward.class);

    /**
     * Where connections lead.
     *
     * @param first what the far side gets before anything else; may be secret
     */
    public record FarPort(String host, int port, ByteString first) {
        /** Never what comes first. */
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    private final Channel listener;

    private PodForward(Channel listener) {
        this.listener = listener;
    }

    /**
     * Listens. Blocks until it does.
     *
     * @param option what the user said, for the message
     * @param where asked at each connection, since a pod may be another by then; on the event loop, so it does not block
     * @throws Failure of kind CONFLICT when the port is taken
     */
    public static PodForward listen(
            int port,
            String option,
            Supplier<CompletionStage<FarPort>> where,
            EventLoopGroup loops,
            OutboundStreams streams) {
        var binding = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel socket) {
                        connect(socket, where, streams);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw new Failure(
                    Kind.CONFLICT,
                    option + " " + port + ": cannot listen on it: "
                            + binding.cause().getMessage(),
                    "free that port or leave " + option + " out",
                    binding.cause());
        }
        return new PodForward(binding.channel());
    }

    private static void connect(Channel socket, Supplier<CompletionStage<FarPort>> where, OutboundStreams streams) {
        where.get()
                .thenCompose(far -> streams.open(far.host(), far.port())
                        .thenAccept(call -> socket.eventLoop()
                                .execute(() -> streams.join(socket, Unpooled.EMPTY_BUFFER, call, far.first()))))
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.debugf("forward not connected cause=\"%s\"", failure.getMessage());
                        socket.close();
                    }
                });
    }

    @Override
    public void close() {
        listener.close().awaitUninterruptibly(2000);
    }
}
