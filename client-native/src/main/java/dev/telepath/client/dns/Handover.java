package dev.telepath.client.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One query on its way to the machine's name servers: to the first, after a silence to the next as well, and so on; the first that
 * answers counts, but a server that only says that it cannot does not while there are others. Confined to one event loop.
 */
final class Handover {
    private static final int CONNECT_MILLIS = 2000;
    /** Bytes of a datagram that are read even where less was agreed: it is cut by us then. */
    private static final int USUAL_DATAGRAM = 4096;
    /** Bytes of a length in front of a message, and the largest frame with it. */
    private static final int LENGTH = 2;

    private static final int MOST_FRAME = Resolver.MOST_OF_TCP + LENGTH;
    private static final int TRUNCATED = 0x02;

    private final Query query;
    private final List<InetSocketAddress> servers;
    private final boolean byTcpWhenCut;
    private final int tos;
    private final OtherServers.Patience patience;
    private final RandomGenerator random;
    private final EventLoop loop;
    private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    private final List<Channel> channels = new ArrayList<>();
    private final List<Future<?>> timers = new ArrayList<>();
    private byte @Nullable [] poor;
    private @Nullable Throwable cause;
    private int attempts;
    private int silent;

    Handover(
            Query query,
            List<InetSocketAddress> servers,
            boolean byTcpWhenCut,
            int tos,
            OtherServers.Patience patience,
            RandomGenerator random,
            EventLoop loop) {
        this.query = query;
        this.servers = servers;
        this.byTcpWhenCut = byTcpWhenCut;
        this.tos = tos;
        this.patience = patience;
        this.random = random;
        this.loop = loop;
    }

    /** Completes on the event loop, or where it is completed from outside to give the query up. */
    CompletableFuture<byte[]> answer() {
        return answer;
    }

    void start() {
        answer.whenComplete((told, failure) -> loop.execute(this::end));
        loop.execute(() -> {
            timers.add(loop.schedule(this::giveUp, patience.most().toMillis(), TimeUnit.MILLISECONDS));
            next();
        });
    }

    /** Each server is asked twice at most. */
    private void next() {
        if (answer.isDone() || attempts >= 2 * servers.size()) {
            return;
        }
        InetSocketAddress server = servers.get(attempts++ % servers.size());
        silent++;
        timers.add(loop.schedule(this::next, patience.again().toMillis(), TimeUnit.MILLISECONDS));
        byUdp(server);
    }

    private void byUdp(InetSocketAddress server) {
        int id = random.nextInt(1 << 16);
        var answers = new Answers<DatagramPacket>(id, server) {
            @Override
            byte[] bytes(DatagramPacket packet) {
                return ByteBufUtil.getBytes(packet.content());
            }
        };
        int most = Math.max(query.mostOfUdp(), USUAL_DATAGRAM);
        var bootstrap = new Bootstrap()
                .group(loop)
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(most))
                .handler(answers);
        open(bootstrap, server, Unpooled.wrappedBuffer(query.withId(id)), answers);
    }

    private void byTcp(InetSocketAddress server) {
        int id = random.nextInt(1 << 16);
        silent++;
        var answers = new Answers<ByteBuf>(id, server) {
            @Override
            byte[] bytes(ByteBuf frame) {
                return ByteBufUtil.getBytes(frame);
            }
        };
        var bootstrap = new Bootstrap()
                .group(loop)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new LengthFieldBasedFrameDecoder(MOST_FRAME, 0, LENGTH, 0, LENGTH))
                                .addLast(answers);
                    }
                });
        open(bootstrap, server, DnsOverTcp.framed(query.withId(id)), answers);
    }

    private void open(Bootstrap bootstrap, SocketAddress server, ByteBuf message, Answers<?> answers) {
        if (tos != 0) {
            bootstrap.option(ChannelOption.IP_TOS, tos);
        }
        var connecting = bootstrap.connect(server);
        channels.add(connecting.channel());
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                connecting.channel().writeAndFlush(message).addListener(sent -> answers.ended(sent.cause()));
            } else {
                message.release();
                answers.ended(done.cause());
            }
        });
    }

    /** Takes what comes from one server by one channel. */
    private abstract class Answers<T> extends SimpleChannelInboundHandler<T> {
        private final int id;
        private final InetSocketAddress server;
        private boolean over;

        Answers(int id, InetSocketAddress server) {
            this.id = id;
            this.server = server;
        }

        abstract byte[] bytes(T message);

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, T message) {
            byte[] told = bytes(message);
            if (!over && query.isAnsweredBy(told, id)) {
                over = true;
                answered(server, told, ctx.channel() instanceof NioDatagramChannel);
                ctx.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ended(new IllegalStateException(server + " ended the connection"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable why) {
            ended(why);
            ctx.close();
        }

        /**
         * Nothing more is expected from here. A channel that could not be made tells so on a thread of its own.
         *
         * @param why null where there is no failure
         */
        void ended(@Nullable Throwable why) {
            if (why == null) {
                return;
            }
            if (!loop.inEventLoop()) {
                loop.execute(() -> ended(why));
            } else if (!over) {
                over = true;
                failed(why);
            }
        }
    }

    private void answered(InetSocketAddress server, byte[] told, boolean byUdp) {
        silent--;
        if (byUdp && byTcpWhenCut && (told[2] & TRUNCATED) != 0) {
            byTcp(server);
            return;
        }
        byte[] renamed = Query.withId(told, query.id());
        int rcode = told[3] & 0xf;
        boolean unable = rcode == ResponseCode.SERVER_FAILURE
                || rcode == ResponseCode.NOT_IMPLEMENTED
                || rcode == ResponseCode.REFUSED;
        if (!unable) {
            answer.complete(renamed);
            return;
        }
        poor = renamed;
        another();
    }

    private void failed(Throwable why) {
        silent--;
        cause = why;
        another();
    }

    /** One server is of no use: the next is asked at once, if there is one that was not yet. */
    private void another() {
        if (attempts < servers.size()) {
            next();
        } else if (silent == 0) {
            giveUp();
        }
    }

    private void giveUp() {
        byte[] known = poor;
        if (known != null) {
            answer.complete(known);
        } else {
            answer.completeExceptionally(cause == null ? new TimeoutException("no answer from " + servers) : cause);
        }
    }

    private void end() {
        timers.forEach(one -> one.cancel(false));
        channels.forEach(Channel::close);
    }
}
