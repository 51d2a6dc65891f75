package dev.telepath.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sockets to name servers, each for one query at a time. Opening one takes longer than a near server needs for its answer, so one
 * that has answered is kept for a little while; it serves few queries, so that its port cannot be guessed from outside.
 * Confined to one event loop.
 */
final class UdpSockets {
    private static final int MOST_USES = 32;
    private static final int MOST_IDLE = 16;
    private static final int IDLE_SECONDS = 10;
    /** Bytes of a datagram that are read even where less was agreed. */
    private static final int USUAL_DATAGRAM = 4096;

    private final EventLoop loop;
    private final int tos;
    private final Map<InetSocketAddress, Deque<Socket>> idle = new HashMap<>();
    private boolean sweeping;
    private boolean closed;

    /** Whoever has sent a query. On the event loop. */
    interface User {
        /** Something came, from that server. */
        void told(byte[] message);

        /** Nothing more will come. */
        void failed(Throwable why);
    }

    UdpSockets(EventLoop loop, int tos) {
        this.loop = loop;
        this.tos = tos;
    }

    /**
     * Sends a query. The socket is the user's until it {@link Socket#giveBack gives it back} or ends it.
     *
     * @param most bytes of the largest answer
     */
    Socket send(InetSocketAddress server, byte[] query, int most, User user) {
        Deque<Socket> spare = idle.get(server);
        Socket kept = spare == null || most > USUAL_DATAGRAM ? null : spare.pollLast();
        if (kept != null) {
            kept.use(user, query);
            return kept;
        }
        var socket = new Socket(server, most <= USUAL_DATAGRAM);
        socket.open(user, query, Math.max(most, USUAL_DATAGRAM));
        return socket;
    }

    /** Keeps no socket to a server: its answers may not come any more, as after a change of this machine's address. */
    void forget(InetSocketAddress server) {
        Deque<Socket> spare = idle.remove(server);
        if (spare != null) {
            spare.forEach(Socket::close);
        }
    }

    /** Keeps no socket to any server. */
    void forgetAll() {
        List.copyOf(idle.keySet()).forEach(this::forget);
    }

    /** Keeps none from now on either. */
    void close() {
        closed = true;
        forgetAll();
    }

    private void sweep() {
        long now = System.nanoTime();
        long most = TimeUnit.SECONDS.toNanos(IDLE_SECONDS);
        for (Deque<Socket> spare : List.copyOf(idle.values())) {
            for (Socket one : new ArrayList<>(spare)) {
                if (now - one.idleSince >= most && spare.remove(one)) {
                    one.close();
                }
            }
        }
        idle.values().removeIf(Deque::isEmpty);
        sweeping = false;
        sweepLater();
    }

    private void sweepLater() {
        if (!sweeping && !idle.isEmpty()) {
            sweeping = true;
            loop.schedule(this::sweep, IDLE_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** One socket, connected: the system gives it only what its server sends. */
    final class Socket extends SimpleChannelInboundHandler<DatagramPacket> {
        private final InetSocketAddress server;
        private final boolean reusable;
        private @Nullable Channel channel;
        private @Nullable User user;
        private int uses;
        private long idleSince;

        private Socket(InetSocketAddress server, boolean reusable) {
            this.server = server;
            this.reusable = reusable;
        }

        private void open(User first, byte[] query, int most) {
            user = first;
            uses = 1;
            var bootstrap = new Bootstrap()
                    .group(loop)
                    .channelFactory(NioDatagramChannel::new)
                    .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(most))
                    .handler(this);
            if (tos != 0) {
                bootstrap.option(ChannelOption.IP_TOS, tos);
            }
            var connecting = bootstrap.connect(server);
            channel = connecting.channel();
            connecting.addListener(done -> {
                if (done.isSuccess()) {
                    write(query);
                } else {
                    failed(done.cause());
                }
            });
        }

        private void use(User next, byte[] query) {
            user = next;
            uses++;
            write(query);
        }

        private void write(byte[] query) {
            Channel open = channel;
            if (open != null) {
                open.writeAndFlush(Unpooled.wrappedBuffer(query)).addListener(sent -> {
                    if (!sent.isSuccess()) {
                        failed(sent.cause());
                    }
                });
            }
        }

        /** The query is answered. */
        void giveBack() {
            user = null;
            Deque<Socket> spare = idle.computeIfAbsent(server, any -> new ArrayDeque<>());
            if (closed || !reusable || uses >= MOST_USES || spare.size() >= MOST_IDLE) {
                close();
                return;
            }
            idleSince = System.nanoTime();
            spare.addLast(this);
            sweepLater();
        }

        /** The query is given up, if it is that user's still. What comes for it must not meet another. */
        void end(User by) {
            if (by.equals(user)) {
                user = null;
                close();
            }
        }

        private void close() {
            Channel open = channel;
            if (open != null) {
                open.close();
            }
        }

        /** A channel that could not be made tells so on a thread of its own. */
        private void failed(Throwable why) {
            if (!loop.inEventLoop()) {
                loop.execute(() -> failed(why));
                return;
            }
            Deque<Socket> spare = idle.get(server);
            if (spare != null) {
                spare.remove(this);
            }
            User last = user;
            user = null;
            close();
            if (last != null) {
                last.failed(why);
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            if (user != null) {
                user.told(ByteBufUtil.getBytes(packet.content()));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            failed(new IllegalStateException("the socket to " + server + " was closed"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable why) {
            failed(why);
        }
    }
}
