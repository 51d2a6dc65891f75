package dev.telepath.client.tun;

import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.Gateway;
import dev.telepath.client.packet.Answers;
import dev.telepath.client.packet.Endpoint;
import dev.telepath.client.packet.Flow;
import dev.telepath.client.packet.Packet;
import dev.telepath.client.packet.TcpConnections;
import dev.telepath.client.packet.TcpConnections.Connection;
import dev.telepath.client.packet.TcpConnections.State;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.TcpEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Connections of programs. A SYN waits until its destination is dialled, so that a program is refused where the destination
 * refuses; then it is shown to a listener of the system's own stack, and the accepted socket is joined to the stream.
 *
 * <p>{@link #take} on the device's thread; the rest on any.
 */
final class TcpSide {
    private static final Logger LOG = Logger.getLogger(TcpSide.class);
    private static final int BACKLOG = 4096;
    private static final int DNS_PORT = 53;
    /** A handshake that is not over then will not be: the listener is on this machine. */
    private static final long OFFERED_NANOS = Duration.ofSeconds(30).toNanos();
    /** How long the last packets of a closed connection still find their way. */
    private static final long OVER_NANOS = Duration.ofSeconds(15).toNanos();

    private static final int SWEEP_SECONDS = 5;

    private final DeviceAddresses addresses;
    private final Gateway gateway;
    private final Credit credit;
    private final TunNetwork.Output output;
    private final TunNetwork.Counts counts;
    private final TcpConnections connections;
    private final Map<Connection, Gateway.Reached> offered = new ConcurrentHashMap<>();
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Endpoint listener4;
    private final @Nullable Endpoint listener6;
    private final Future<?> sweeping;

    /**
     * Listens at the device's addresses; without IPv6 where the system has none. Blocks.
     *
     * @throws IOException when it cannot
     */
    TcpSide(TunNetwork.Setup setup, TunNetwork.Output output, TunNetwork.Counts counts) throws IOException {
        this.addresses = setup.addresses();
        this.gateway = setup.gateway();
        this.credit = setup.credit();
        this.output = output;
        this.counts = counts;
        this.connections = new TcpConnections(
                Endpoint.of(addresses.standIns(), 0),
                Endpoint.of(addresses.standIns6(), 0),
                setup.limits().connections());
        EventLoopGroup loops = setup.loops();
        ChannelFuture binding = bind(loops, addresses.device());
        if (!binding.isSuccess()) {
            throw new IOException("cannot listen at the device's address: " + binding.cause(), binding.cause());
        }
        this.listener4 = Endpoint.of((InetSocketAddress) binding.channel().localAddress());
        ChannelFuture binding6 = bind(loops, addresses.device6());
        this.listener6 = binding6.isSuccess()
                ? Endpoint.of((InetSocketAddress) binding6.channel().localAddress())
                : null;
        this.sweeping = loops.scheduleWithFixedDelay(this::sweep, SWEEP_SECONDS, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    private ChannelFuture bind(EventLoopGroup loops, InetAddress address) {
        ChannelFuture binding = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TcpEnd.configure(channel.config());
                        accepted(channel);
                    }
                })
                .bind(new InetSocketAddress(address, 0))
                .awaitUninterruptibly();
        if (binding.isSuccess()) {
            channels.add(binding.channel());
        }
        return binding;
    }

    private void accepted(Channel channel) {
        // Somebody else than the device who finds the listener has no stand-in.
        Connection connection = connections
                .behind(Endpoint.of((InetSocketAddress) channel.remoteAddress()))
                .orElse(null);
        if (connection == null || !connection.next(State.OFFERED, State.ACCEPTED, System.nanoTime())) {
            channel.close();
            return;
        }
        channels.add(channel);
        channel.closeFuture().addListener(closed -> connection.next(State.ACCEPTED, State.OVER, System.nanoTime()));
        Gateway.Reached reached = offered.remove(connection);
        if (reached != null) {
            // Once the channel is registered: the end needs its event loop.
            channel.eventLoop().execute(() -> reached.join(TcpEnd.accepted(channel, credit)));
        } else {
            DnsConnection.serve(channel, gateway);
        }
    }

    /** A segment from a program, or from the listener. */
    void take(Packet packet) {
        Endpoint source = packet.source();
        Endpoint destination = packet.destination();
        if (source.equals(listener4) || source.equals(listener6)) {
            Connection connection = connections.behind(destination).orElse(null);
            if (connection != null) {
                packet.rewriteTcp(
                        connection.flow().destination(), connection.flow().source());
                output.write(packet.bytes());
            }
            return;
        }
        var flow = new Flow(source, destination);
        Connection connection = connections.of(flow).orElse(null);
        if (connection == null || (connection.state() == State.OVER && packet.isSyn())) {
            unknown(packet, flow);
        } else if (connection.state() != State.DIALLING) {
            pass(packet, connection);
        } else if (packet.isRst() && connection.next(State.DIALLING, State.OVER, System.nanoTime())) {
            connections.remove(connection);
        }
    }

    private void pass(Packet packet, Connection connection) {
        Endpoint listener = packet.isIpv4() ? listener4 : listener6;
        if (listener != null) {
            packet.rewriteTcp(connection.standIn(), listener);
            output.write(packet.bytes());
        }
    }

    private void unknown(Packet packet, Flow flow) {
        if (packet.isSyn()) {
            begin(packet, flow);
        } else if (!packet.isRst()) {
            output.write(Answers.reset(packet));
        }
    }

    private void begin(Packet packet, Flow flow) {
        Connection connection = connections.begin(flow, System.nanoTime()).orElse(null);
        if (connection == null) {
            counts.dropped().increment();
            return;
        }
        InetSocketAddress destination = flow.destination().socketAddress();
        if (isDns(destination)) {
            connection.next(State.DIALLING, State.OFFERED, System.nanoTime());
            pass(packet, connection);
            return;
        }
        ByteBuffer syn = ByteBuffer.allocate(packet.bytes().limit())
                .put(0, packet.bytes(), 0, packet.bytes().limit());
        gateway.open(Protocol.TCP, destination)
                .whenComplete((reached, failure) -> dialled(connection, syn, reached, failure));
    }

    private boolean isDns(InetSocketAddress destination) {
        return destination.getPort() == DNS_PORT && destination.getAddress().equals(addresses.dns());
    }

    private void dialled(
            Connection connection, ByteBuffer syn, Gateway.@Nullable Reached reached, @Nullable Throwable failure) {
        var packet = new Packet();
        packet.read(syn);
        if (reached == null) {
            // Where nothing answered, nothing is said: the program's SYN comes again, and is dialled again.
            connections.remove(connection);
            if (failure != null && StreamFailure.of(failure) instanceof StreamFailure.DialRefused) {
                output.write(Answers.reset(packet));
            }
            return;
        }
        offered.put(connection, reached);
        if (connection.next(State.DIALLING, State.OFFERED, System.nanoTime())) {
            pass(packet, connection);
        } else {
            offered.remove(connection);
            reached.abandon("the local program went away");
        }
    }

    private void sweep() {
        long now = System.nanoTime();
        connections.sweep(State.OVER, OVER_NANOS, now);
        connections.sweep(State.OFFERED, OFFERED_NANOS, now);
        offered.forEach((connection, reached) -> {
            if (connections.of(connection.flow()).orElse(null) != connection && offered.remove(connection, reached)) {
                LOG.debugf(
                        "connection not accepted destination=%s",
                        connection.flow().destination());
                reached.abandon("the local program did not finish its handshake");
            }
        });
    }

    int connections() {
        return connections.size();
    }

    void close() {
        sweeping.cancel(false);
        channels.close().awaitUninterruptibly(2000);
        offered.values().forEach(reached -> reached.abandon("the device is closed"));
    }
}
