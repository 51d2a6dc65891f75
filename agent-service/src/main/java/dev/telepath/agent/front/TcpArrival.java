package dev.telepath.agent.front;

import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletionStage;

/** An accepted connection, unread. Confined to its channel's event loop. */
final class TcpArrival implements Route.Arrival {
    private final Channel channel;
    private final GuardedPort port;
    private final Joints joints;
    private final InetSocketAddress source;

    TcpArrival(Channel channel, GuardedPort port, Joints joints) {
        this.channel = channel;
        this.port = port;
        this.joints = joints;
        // A peer that is gone already has no address any more.
        this.source = channel.remoteAddress() instanceof InetSocketAddress peer
                ? peer
                : new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    @Override
    public void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }

    @Override
    public InetSocketAddress source() {
        return source;
    }

    @Override
    public StreamEnd established() {
        return TcpEnd.established(channel, joints.credit());
    }

    EventExecutor loop() {
        return channel.eventLoop();
    }

    /** Dials the workload, whatever becomes of the arrival. */
    CompletionStage<TcpEnd> workload() {
        return joints.destinations()
                .resolve(port.targetHost(), port.targetPort())
                .exceptionally(unknown -> {
                    throw new StreamFailure.DialRefused("unknown host " + port.targetHost());
                })
                .thenCompose(
                        target -> new Dialer(channel.eventLoop()).dial(target, joints.dialTimeout(), joints.credit()));
    }

    @Override
    public void dialWorkload(Route.WorkloadDialled then) {
        workload()
                .whenComplete((workload, failure) -> onLoop(() -> {
                    if (failure != null) {
                        then.failed(StreamFailure.of(failure));
                    } else {
                        then.joined(TcpEnd.accepted(channel, joints.credit()), workload);
                    }
                }));
    }

    @Override
    public void reset() {
        if (channel.isActive()) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
        }
        channel.close();
    }
}
