package dev.telepath.client.tun;

import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.Gateway;
import dev.telepath.client.packet.Answers;
import dev.telepath.client.packet.Packet;
import dev.telepath.client.packet.Reassembly;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.BiConsumer;
import org.jboss.logging.Logger;

/**
 * A device at work: what programs send into it goes out by a gateway, and comes back as packets. TCP is ended by the system's own
 * stack, whose packets are only given other addresses; datagrams and echoes are made of packets and into packets.
 */
public final class TunNetwork implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(TunNetwork.class);
    private static final int LARGEST_PACKET = 65_535;

    private final TunDevice device;
    private final Gateway gateway;
    private final TcpSide tcp;
    private final UdpSide udp;
    private final Counts counts;
    private final BiConsumer<TunNetwork, IOException> whenGone;
    private final Thread loop;
    private volatile boolean closing;

    /**
     * Bounds of what programs can ask of it.
     *
     * @param connections TCP connections at one time; a further one waits as for a network that drops its SYN
     * @param udpFlows exchanges of datagrams at one time; a further one ends the one idle longest
     * @param udpIdle silence that ends one
     */
    public record Limits(int connections, int udpFlows, Duration udpIdle) {}

    /**
     * What a device is served with.
     *
     * @param addresses of the device
     * @param gateway where its traffic goes
     * @param loops the caller's, and stay so
     * @param credit what its streams share with others
     */
    public record Setup(
            DeviceAddresses addresses, Gateway gateway, EventLoopGroup loops, Credit credit, Limits limits) {}

    /** What happened to packets. Thread-safe. */
    record Counts(Counter in, Counter out, Counter malformed, Counter dropped, Counter refused) {
        static Counts of(MeterRegistry metrics) {
            return new Counts(
                    metrics.counter("telepath.tun.packets", "direction", "from-programs"),
                    metrics.counter("telepath.tun.packets", "direction", "to-programs"),
                    metrics.counter("telepath.tun.dropped", "cause", "malformed"),
                    metrics.counter("telepath.tun.dropped", "cause", "no-room"),
                    metrics.counter("telepath.tun.dropped", "cause", "not-taken"));
        }
    }

    /** Hands packets to the system, and counts them. */
    static final class Output {
        private final TunDevice device;
        private final Counts counts;

        Output(TunDevice device, Counts counts) {
            this.device = device;
            this.counts = counts;
        }

        /** A packet that the system does not take is lost, as on any link. Any thread. */
        void write(ByteBuffer packet) {
            try {
                device.write(packet);
                counts.out().increment();
            } catch (IOException e) {
                counts.refused().increment();
                LOG.debugf("packet not taken device=%s cause=\"%s\"", device.name(), e.getMessage());
            }
        }

        int mtu() {
            return device.mtu();
        }
    }

    private TunNetwork(
            TunDevice device, Setup setup, MeterRegistry metrics, BiConsumer<TunNetwork, IOException> whenGone)
            throws IOException {
        this.device = device;
        this.gateway = setup.gateway();
        this.counts = Counts.of(metrics);
        var output = new Output(device, counts);
        this.udp = new UdpSide(setup, output, counts);
        this.tcp = new TcpSide(setup, output, counts);
        this.whenGone = whenGone;
        this.loop = Thread.ofPlatform().daemon().name("tun-" + device.name()).unstarted(this::run);
        metrics.gauge("telepath.tun.connections", tcp, TcpSide::connections);
        metrics.gauge("telepath.tun.udp.flows", udp, UdpSide::flows);
    }

    /**
     * Begins. The device is up and has its addresses. Blocks until it listens.
     *
     * @param device closed with this
     * @param whenGone told when the device went away by itself
     */
    public static TunNetwork start(
            TunDevice device, Setup setup, MeterRegistry metrics, BiConsumer<TunNetwork, IOException> whenGone)
            throws IOException {
        var network = new TunNetwork(device, setup, metrics, whenGone);
        network.loop.start();
        return network;
    }

    private void run() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST_PACKET);
        var packet = new Packet();
        var whole = new Packet();
        var reassembly = new Reassembly();
        while (!closing) {
            try {
                device.read(buffer);
            } catch (IOException e) {
                if (!closing) {
                    LOG.warnf("device gone device=%s cause=\"%s\"", device.name(), e.getMessage());
                    whenGone.accept(this, e);
                }
                return;
            }
            counts.in().increment();
            try {
                if (!packet.read(buffer)) {
                    counts.malformed().increment();
                } else if (packet.isFragment()) {
                    reassembly
                            .add(packet, System.nanoTime())
                            .filter(whole::read)
                            .ifPresent(all -> take(whole));
                } else {
                    take(packet);
                }
            } catch (RuntimeException e) {
                counts.malformed().increment();
                LOG.errorf(e, "packet not understood device=%s", device.name());
            }
        }
    }

    private void take(Packet packet) {
        switch (packet.protocol()) {
            case Packet.TCP -> tcp.take(packet);
            case Packet.UDP -> udp.take(packet);
            case Packet.ICMP, Packet.ICMPV6 -> {
                if (packet.isEchoRequest()
                        && gateway.isCluster(packet.destination().address())) {
                    udp.write(Answers.echo(packet));
                }
            }
            default -> {}
        }
    }

    /** TCP connections that it knows, those that ended a moment ago included. */
    public int connections() {
        return tcp.connections();
    }

    @Override
    public void close() {
        closing = true;
        tcp.close();
        udp.close();
        device.close();
    }
}
