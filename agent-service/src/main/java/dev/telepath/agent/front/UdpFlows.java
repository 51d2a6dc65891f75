package dev.telepath.agent.front;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A UDP port: one flow per source address, each routed when its first datagram arrives. A flow beyond the limit is
 * dropped. Confined to the port's event loop.
 */
final class UdpFlows extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = Logger.getLogger(UdpFlows.class);

    private final Channel channel;
    private final GuardedPort port;
    private final Route route;
    private final Joints joints;
    private final Map<InetSocketAddress, UdpEnd> flows = new HashMap<>();
    private boolean full;

    UdpFlows(Channel channel, GuardedPort port, Route route, Joints joints) {
        this.channel = channel;
        this.port = port;
        this.route = route;
        this.joints = joints;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var packet = (DatagramPacket) message;
        try {
            UdpEnd flow = flow(packet.sender());
            if (flow != null) {
                ByteBuf content = packet.content();
                byte[] copy = new byte[content.readableBytes()];
                content.readBytes(copy);
                flow.received(UnsafeByteOperations.unsafeWrap(copy));
            }
        } finally {
            packet.release();
        }
    }

    private @Nullable UdpEnd flow(InetSocketAddress source) {
        UdpEnd known = flows.get(source);
        if (known != null) {
            return known;
        }
        if (flows.size() >= joints.udpFlows()) {
            if (!full) {
                full = true;
                LOG.warnf("udp flows at their limit, new ones are dropped port=%s limit=%d", port.key(), flows.size());
            }
            return null;
        }
        full = false;
        UdpEnd flow = UdpEnd.accepted(
                channel.eventLoop(), datagram -> write(source, datagram), joints.udpIdle(), joints.credit());
        flows.put(source, flow);
        flow.closed().thenRun(() -> onLoop(() -> flows.remove(source, flow)));
        route.decide(new UdpArrival(source, flow));
        return flow;
    }

    private void write(InetSocketAddress to, ByteString datagram) {
        channel.writeAndFlush(
                new DatagramPacket(Unpooled.wrappedBuffer(datagram.asReadOnlyByteBuffer()), to), channel.voidPromise());
    }

    private void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debugf("udp port error port=%s cause=\"%s\"", port.key(), cause.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        Map.copyOf(flows).values().forEach(UdpEnd::close);
    }

    private final class UdpArrival implements Route.Arrival {
        private final InetSocketAddress source;
        private final UdpEnd flow;

        UdpArrival(InetSocketAddress source, UdpEnd flow) {
            this.source = source;
            this.flow = flow;
        }

        @Override
        public void onLoop(Runnable task) {
            UdpFlows.this.onLoop(task);
        }

        @Override
        public InetSocketAddress source() {
            return source;
        }

        @Override
        public StreamEnd established() {
            return flow;
        }

        @Override
        public void dialWorkload(Route.WorkloadDialled then) {
            joints.destinations()
                    .resolve(port.targetHost(), port.targetPort())
                    .thenCompose(target -> UdpEnd.dial(channel.eventLoop(), target, joints.udpIdle(), joints.credit()))
                    .whenComplete((workload, failure) -> onLoop(() -> {
                        if (failure != null) {
                            then.failed(StreamFailure.of(failure));
                        } else {
                            then.joined(flow, workload);
                        }
                    }));
        }

        @Override
        public void reset() {
            flow.close();
        }
    }
}
