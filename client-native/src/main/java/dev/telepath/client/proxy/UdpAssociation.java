package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A UDP ASSOCIATE of SOCKS5: a relay socket on loopback for one program, and a flow for each destination that it names. It
 * lives as long as the TCP connection that asked for it. What cannot be sent on is dropped, as a network would.
 *
 * <p>Confined to the event loop of that connection; answers come on other threads too.
 */
final class UdpAssociation extends SimpleChannelInboundHandler<DatagramPacket> {
    private static final Logger LOG = Logger.getLogger(UdpAssociation.class);
    /** How long a destination that could not be reached is not tried again, however much is sent to it. */
    private static final int REFUSED_MILLIS = 1000;
    /** Bytes of answers that wait for the socket; beyond the second, answers are dropped until the first is reached. */
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(256 * 1024, 512 * 1024);

    private final InetAddress client;
    private final OutboundStreams streams;
    private final ProxyServer.Limits limits;
    private final Map<ByteString, Flow> flows = new HashMap<>();
    private volatile int clientPort;

    /** What is under way to and from one destination. */
    private static final class Flow {
        private final SocksAddress far;
        private volatile long lastUse = System.nanoTime();
        private @Nullable UdpEnd end;
        private boolean refused;

        Flow(SocksAddress far) {
            this.far = far;
        }

        void used() {
            lastUse = System.nanoTime();
        }

        long idleNanos(long now) {
            return now - lastUse;
        }

        void close() {
            if (end != null) {
                end.close();
            }
        }
    }

    private UdpAssociation(Channel control, SocksAddress stated, OutboundStreams streams, ProxyServer.Limits limits) {
        this.client = ((InetSocketAddress) control.remoteAddress()).getAddress();
        this.clientPort = isOwn(stated) ? stated.port() : 0;
        this.streams = streams;
        this.limits = limits;
    }

    /** Some programs state where they send to instead of where from; that tells nothing. */
    private boolean isOwn(SocksAddress stated) {
        return List.of("0.0.0.0", "0:0:0:0:0:0:0:0", client.getHostAddress()).contains(stated.host());
    }

    /**
     * Binds the relay socket. On the event loop of the connection; completes there.
     *
     * @param control the connection that asked
     * @param stated where the program says that it will send from; port 0 = the first datagram tells
     */
    static ChannelFuture open(
            Channel control, SocksAddress stated, OutboundStreams streams, ProxyServer.Limits limits) {
        return new Bootstrap()
                .group(control.eventLoop())
                .channel(NioDatagramChannel.class)
                .option(ChannelOption.RCVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(UdpEnd.MAX_DATAGRAM))
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
                .handler(new UdpAssociation(control, stated, streams, limits))
                .bind(new InetSocketAddress(((InetSocketAddress) control.localAddress()).getAddress(), 0));
    }

    /** What the connection that asked is good for from then on: it ends the relay with itself. */
    static final class Lifeline extends ChannelInboundHandlerAdapter {
        private final Channel relay;

        Lifeline(Channel relay) {
            this.relay = relay;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            relay.closeFuture().addListener(closed -> ctx.close());
            ctx.channel().config().setAutoRead(true);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ctx.close();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            relay.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
        InetSocketAddress sender = packet.sender();
        boolean another = clientPort != 0 && clientPort != sender.getPort();
        if (another || !sender.getAddress().equals(client)) {
            streams.ledger().dropped();
            return;
        }
        SocksDatagram.read(packet.content())
                .ifPresentOrElse(
                        datagram -> {
                            clientPort = sender.getPort();
                            send(ctx, datagram);
                        },
                        streams.ledger()::dropped);
    }

    private void send(ChannelHandlerContext ctx, SocksDatagram datagram) {
        Flow known = flows.get(datagram.far().named());
        Flow flow = known == null ? begin(ctx, datagram.far()) : known;
        UdpEnd end = flow.end;
        if (flow.refused || end == null) {
            streams.ledger().dropped();
            return;
        }
        flow.used();
        end.received(datagram.payload());
    }

    private Flow begin(ChannelHandlerContext ctx, SocksAddress far) {
        if (flows.size() >= limits.udpFlows()) {
            endLongestIdle();
        }
        EventLoop loop = ctx.channel().eventLoop();
        var flow = new Flow(far);
        UdpEnd end = streams.flow(loop, bytes -> answer(ctx.channel(), flow, bytes), limits.udpIdle());
        flow.end = end;
        flows.put(far.named(), flow);
        end.closed().thenRun(() -> {
            if (loop.inEventLoop()) {
                flows.remove(far.named(), flow);
            } else {
                loop.execute(() -> flows.remove(far.named(), flow));
            }
        });
        streams.openFlow(far.host(), far.port())
                .whenComplete((call, failure) -> loop.execute(() -> opened(loop, flow, end, call, failure)));
        return flow;
    }

    private void opened(EventLoop loop, Flow flow, UdpEnd end, @Nullable RemoteEnd call, @Nullable Throwable failure) {
        if (call == null) {
            flow.refused = true;
            LOG.debugf("udp flow not opened destination=%s:%d cause=\"%s\"", flow.far.host(), flow.far.port(), failure);
            loop.schedule(end::close, REFUSED_MILLIS, TimeUnit.MILLISECONDS);
        } else if (end.closed().toCompletableFuture().isDone()) {
            call.fail(new StreamFailure.Reset("the local program went away"));
        } else {
            streams.join(end, call);
        }
    }

    /** Makes room; a program that names ever new destinations keeps those that it uses. */
    private void endLongestIdle() {
        long now = System.nanoTime();
        flows.values().stream()
                .max(Comparator.comparingLong(flow -> flow.idleNanos(now)))
                .ifPresent(oldest -> {
                    flows.remove(oldest.far.named(), oldest);
                    oldest.close();
                });
    }

    /** A datagram from the far side. Any thread. */
    private void answer(Channel to, Flow flow, ByteString bytes) {
        flow.used();
        var datagram = new SocksDatagram(flow.far, bytes);
        // Without a bound here a program that does not read would fill this process.
        if (!to.isWritable() || datagram.size() > UdpEnd.MAX_DATAGRAM) {
            streams.ledger().dropped();
            return;
        }
        to.writeAndFlush(
                new DatagramPacket(datagram.write(), new InetSocketAddress(client, clientPort)), to.voidPromise());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Map.copyOf(flows).values().forEach(Flow::close);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // Port unreachable, or a datagram that the system does not take: loss, not an end.
        LOG.debugf("udp relay error cause=\"%s\"", cause.getMessage());
    }
}
