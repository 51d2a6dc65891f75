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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The daemon's gateway as another process has it. Thread-safe. */
public final class GatewayClient implements Gateway {
    private static final byte[] NOTHING = {};
    /** The daemon bounds every question itself; this is for one that is gone. */
    private static final int ANSWER_SECONDS = 30;

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
        connect(new ChannelInboundHandlerAdapter()).addListener((ChannelFuture connecting) -> {
            if (!connecting.isSuccess()) {
                opened.completeExceptionally(new StreamFailure.ConnectionLost(
                        "the daemon does not answer: " + connecting.cause().getMessage()));
                return;
            }
            Channel channel = connecting.channel();
            channel.writeAndFlush(request.write());
            opened.complete(FramedEnd.of(channel, credit, Unpooled.EMPTY_BUFFER));
        });
        return opened.thenCompose(end -> end.dialled().thenApply(ok -> Reached.remote(end)));
    }

    private ChannelFuture connect(ChannelHandler handler) {
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
        var answer = new Answer();
        connect(answer).addListener((ChannelFuture connecting) -> {
            if (connecting.isSuccess()) {
                connecting.channel().writeAndFlush(new Request.Question(question, most).write());
                connecting.channel().config().setAutoRead(true);
            } else {
                answer.whole.complete(NOTHING);
            }
        });
        return answer.whole.completeOnTimeout(NOTHING, ANSWER_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public boolean isCluster(InetAddress address) {
        return cluster.test(address);
    }

    /** Everything up to the end of one connection. */
    private static final class Answer extends ChannelInboundHandlerAdapter {
        private static final int MOST = 65_535;
        private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
        private final ByteBuf received = Unpooled.buffer(512);

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
