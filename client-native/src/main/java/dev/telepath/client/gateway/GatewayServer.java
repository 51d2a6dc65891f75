package dev.telepath.client.gateway;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Offers a gateway to other processes of the same user, over a socket in the daemon's private folder. A connection begins with
 * a {@link Request}; what follows is the stream, the flow, or the one answer.
 */
public final class GatewayServer implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(GatewayServer.class);
    private static final int BACKLOG = 4096;

    private final Path socket;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

    private GatewayServer(Path socket, Channel listener) {
        this.socket = socket;
        channels.add(listener);
    }

    /**
     * Listens. Blocks until it does.
     *
     * @param socket replaced where a crash left it behind
     * @param most connections at one time; more are closed at once
     */
    public static GatewayServer listen(Path socket, EventLoopGroup loops, Gateway gateway, Credit credit, int most) {
        ChannelGroup accepted = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            throw unavailable(socket, e);
        }
        var binding = new ServerBootstrap()
                .group(loops)
                .channelFactory(NioServerDomainSocketChannel::new)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (accepted.size() >= most) {
                            channel.close();
                            return;
                        }
                        accepted.add(channel);
                        TcpEnd.configure(channel.config());
                        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
                        channel.pipeline().addLast(new Opening(gateway, credit));
                    }
                })
                .bind(UnixDomainSocketAddress.of(socket))
                .awaitUninterruptibly();
        if (!binding.isSuccess()) {
            throw unavailable(socket, binding.cause());
        }
        var server = new GatewayServer(socket, binding.channel());
        binding.channel().closeFuture().addListener(closed -> accepted.close());
        return server;
    }

    private static Failure unavailable(Path socket, Throwable cause) {
        return new Failure(
                Kind.FAILED,
                "cannot listen on " + socket + ": " + cause.getMessage(),
                "set TELEPATH_HOME to a writable folder",
                cause);
    }

    @Override
    public void close() {
        channels.close().awaitUninterruptibly(2000);
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.debugf("socket not removed socket=%s cause=\"%s\"", socket, e.getMessage());
        }
    }

    /** Reads the request of one connection and does what it asks. */
    private static final class Opening extends ChannelInboundHandlerAdapter {
        private final Gateway gateway;
        private final Credit credit;
        private final ByteBuf received = Unpooled.buffer(64);
        private boolean asked;

        Opening(Gateway gateway, Credit credit) {
            this.gateway = gateway;
            this.credit = credit;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            received.writeBytes(bytes);
            bytes.release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (asked) {
                return;
            }
            Optional<Request> whole;
            try {
                whole = Request.read(received);
            } catch (IllegalArgumentException e) {
                LOG.debugf("gateway request refused cause=\"%s\"", e.getMessage());
                ctx.close();
                return;
            }
            if (whole.isEmpty()) {
                ctx.read();
                return;
            }
            asked = true;
            switch (whole.get()) {
                case Request.Stream(InetSocketAddress destination) -> open(ctx, Protocol.TCP, destination);
                case Request.Datagrams(InetSocketAddress destination) -> open(ctx, Protocol.UDP, destination);
                case Request.Question(byte[] question, int most) ->
                    gateway.resolve(question, most)
                            .thenAccept(answer -> ctx.writeAndFlush(Unpooled.wrappedBuffer(answer))
                                    .addListener(ChannelFutureListener.CLOSE));
            }
        }

        private void open(ChannelHandlerContext ctx, Protocol protocol, InetSocketAddress destination) {
            FramedEnd end = FramedEnd.of(ctx.channel(), credit, received);
            ctx.pipeline().remove(this);
            gateway.open(protocol, destination).whenComplete((reached, failure) -> {
                if (failure != null) {
                    end.fail(StreamFailure.of(failure));
                } else if (end.closed().toCompletableFuture().isDone()) {
                    reached.abandon("the local program went away");
                } else {
                    reached.join(end);
                }
            });
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            received.release();
        }
    }
}
