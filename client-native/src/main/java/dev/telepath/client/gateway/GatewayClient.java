package dev.telepath.client.gateway;

import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** The daemon's gateway as another process has it. Thread-safe. */
public final class GatewayClient implements Gateway {
    private static final byte[] NOTHING = {};
    /** The daemon bounds every question itself; this is for one that is gone. */
    private static final int ANSWER_SECONDS = 30;
    /** The last wait for room in the daemon's queue; all of them together are twice that. */
    private static final long MOST_WAIT_MILLIS = 4096;

    private final Path socket;
    private final EventLoopGroup loops;
    private final Credit credit;
    private final Predicate<InetAddress> cluster;

    /**
     * @param socket where the daemon's {@link GatewayServer} listens
     * @param cluster whether an address is of the cluster
     */
    public GatewayClient(Path socket, EventLoopGroup loops, Credit credit, Predicate<InetAddress> cluster) {
        this.socket = socket;
        this.loops = loops;
        this.credit = credit;
        this.cluster = cluster;
    }

    @Override
    public CompletionStage<Reached> open(Protocol protocol, InetSocketAddress destination) {
        var request = protocol == Protocol.TCP ? new Request.Stream(destination) : new Request.Datagrams(destination);
        var opened = new CompletableFuture<RemoteEnd>();
        connect(ChannelInboundHandlerAdapter::new).whenComplete((channel, failure) -> {
            if (failure != null) {
                opened.completeExceptionally(
                        new StreamFailure.ConnectionLost("the daemon does not answer: " + failure.getMessage()));
                return;
            }
            channel.writeAndFlush(request.write());
            opened.complete(FramedEnd.of(channel, credit, Unpooled.EMPTY_BUFFER));
        });
        return opened.thenCompose(end -> end.dialled().thenApply(ok -> Reached.remote(end)));
    }

    private CompletableFuture<Channel> connect(Supplier<ChannelHandler> handler) {
        var connected = new CompletableFuture<Channel>();
        attempt(handler, connected, 1);
        return connected;
    }

    /** A queue of connections that is full, at once refused by the system where TCP would wait, is soon shorter. */
    private void attempt(Supplier<ChannelHandler> handler, CompletableFuture<Channel> connected, long wait) {
        channel(handler.get()).addListener((ChannelFuture connecting) -> {
            if (connecting.isSuccess()) {
                connected.complete(connecting.channel());
            } else if (isFull(connecting.cause()) && wait < MOST_WAIT_MILLIS) {
                loops.schedule(() -> attempt(handler, connected, wait * 2), wait, TimeUnit.MILLISECONDS);
            } else {
                connected.completeExceptionally(connecting.cause());
            }
        });
    }

    /** By what it is not: the system's word for it is in the user's language. */
    private boolean isFull(Throwable cause) {
        return cause instanceof SocketException && !(cause instanceof ConnectException) && Files.exists(socket);
    }

    private ChannelFuture channel(ChannelHandler handler) {
        return new Bootstrap()
                .group(loops)
                .channelFactory(NioDomainSocketChannel::new)
                .option(ChannelOption.AUTO_READ, false)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TcpEnd.configure(channel.config());
                        channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, false);
                        channel.pipeline().addLast(handler);
                    }
                })
                .connect(UnixDomainSocketAddress.of(socket));
    }

    @Override
    public CompletionStage<byte[]> resolve(byte[] question, int most) {
        var answer = new CompletableFuture<byte[]>();
        connect(() -> new Answer(answer)).whenComplete((channel, failure) -> {
            if (failure == null) {
                channel.writeAndFlush(new Request.Question(question, most).write());
                channel.config().setAutoRead(true);
            } else {
                answer.complete(NOTHING);
            }
        });
        return answer.completeOnTimeout(NOTHING, ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public boolean isCluster(InetAddress address) {
        return cluster.test(address);
    }

    /** Everything up to the end of one connection. */
    private static final class Answer extends ChannelInboundHandlerAdapter {
        private static final int MOST = 65_535;
        private final CompletableFuture<byte[]> whole;
        private final ByteBuf received = Unpooled.buffer(512);

        Answer(CompletableFuture<byte[]> whole) {
            this.whole = whole;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            if (received.readableBytes() + bytes.readableBytes() <= MOST) {
                received.writeBytes(bytes);
            } else {
                ctx.close();
            }
            bytes.release();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            byte[] bytes = new byte[received.readableBytes()];
            received.readBytes(bytes);
            received.release();
            whole.complete(bytes);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
