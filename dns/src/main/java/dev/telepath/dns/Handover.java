package dev.telepath.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One query on its way to name servers: to the first, after a silence to the next as well, and so on; the first that
 * answers counts, but a server that only says that it cannot does not while there are others. Confined to one event loop.
 */
final class Handover {
    private static final int CONNECT_MILLIS = 2000;
    /** Bytes of a length in front of a message, and the largest frame with it. */
    private static final int LENGTH = 2;

    private static final int MOST_FRAME = TcpMessages.MOST + LENGTH;
    private static final int TRUNCATED = 0x02;

    private final Query query;
    private final List<InetSocketAddress> servers;
    private final boolean byTcpWhenCut;
    private final int tos;
    private final NameServers.Patience patience;
    private final RandomGenerator random;
    private final UdpSockets sockets;
    private final EventLoop loop;
    private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<Channel> connections = new ArrayList<>();
    private final List<Future<?>> timers = new ArrayList<>();
    private byte @Nullable [] poor;
    private @Nullable Throwable cause;
    private int silent;

    Handover(
            Query query,
            List<InetSocketAddress> servers,
            boolean byTcpWhenCut,
            int tos,
            NameServers.Patience patience,
            RandomGenerator random,
            UdpSockets sockets,
            EventLoop loop) {
        this.query = query;
        this.servers = servers;
        this.byTcpWhenCut = byTcpWhenCut;
        this.tos = tos;
        this.patience = patience;
        this.random = random;
        this.sockets = sockets;
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
        if (answer.isDone() || attempts.size() >= 2 * servers.size()) {
            return;
        }
        InetSocketAddress server = servers.get(attempts.size() % servers.size());
        var attempt = new Attempt(server);
        attempts.add(attempt);
        silent++;
        timers.add(loop.schedule(() -> silence(server), patience.again().toMillis(), TimeUnit.MILLISECONDS));
        attempt.socket = sockets.send(server, query.withId(attempt.id), query.mostOfUdp(), attempt);
    }

    private void silence(InetSocketAddress server) {
        sockets.forget(server);
        next();
    }

    private void byTcp(InetSocketAddress server) {
        var attempt = new Attempt(server);
        silent++;
        ByteBuf message = TcpMessages.framed(query.withId(attempt.id));
        var bootstrap = new Bootstrap()
                .group(loop)
                .channelFactory(NioSocketChannel::new)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new LengthFieldBasedFrameDecoder(MOST_FRAME, 0, LENGTH, 0, LENGTH))
                                .addLast(new Connection(attempt));
                    }
                });
        if (tos != 0) {
            bootstrap.option(ChannelOption.IP_TOS, tos);
        }
        var connecting = bootstrap.connect(server);
        connections.add(connecting.channel());
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                connecting.channel().writeAndFlush(message, connecting.channel().voidPromise());
            } else {
                message.release();
                attempt.failed(done.cause());
            }
        });
    }

    /** The query as it was sent to one server, under an id of its own. */
    private final class Attempt implements UdpSockets.User {
        private final InetSocketAddress server;
        private final int id = random.nextInt(1 << 16);
        /** Where it went by UDP. */
        private UdpSockets.@Nullable Socket socket;

        private boolean over;

        Attempt(InetSocketAddress server) {
            this.server = server;
        }

        @Override
        public void told(byte[] message) {
            if (over || !query.isAnsweredBy(message, id)) {
                return;
            }
            over = true;
            UdpSockets.Socket used = socket;
            if (used != null) {
                used.giveBack();
            }
            answered(server, message, used != null);
        }

        /** A channel that could not be made tells so on a thread of its own. */
        @Override
        public void failed(Throwable why) {
            if (!loop.inEventLoop()) {
                loop.execute(() -> failed(why));
            } else if (!over) {
                over = true;
                Handover.this.failed(why);
            }
        }

        void end() {
            over = true;
            UdpSockets.Socket used = socket;
            if (used != null) {
                used.end(this);
            }
        }
    }

    /** Takes what comes from one server by TCP. */
    private static final class Connection extends SimpleChannelInboundHandler<ByteBuf> {
        private final Attempt attempt;

        Connection(Attempt attempt) {
            this.attempt = attempt;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf frame) {
            attempt.told(ByteBufUtil.getBytes(frame));
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            attempt.failed(new IllegalStateException(attempt.server + " ended the connection"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable why) {
            attempt.failed(why);
            ctx.close();
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
        if (attempts.size() < servers.size()) {
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
        attempts.forEach(Attempt::end);
        connections.forEach(Channel::close);
    }
}
