package dev.telepath.client.tun;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.telepath.client.dns.Resolver;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.gateway.Gateway;
import dev.telepath.client.packet.Answers;
import dev.telepath.client.packet.Flow;
import dev.telepath.client.packet.Packet;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Datagrams of programs: an exchange with one destination is a flow, which ends by silence; those to the name server are questions.
 *
 * <p>{@link #take} on the device's thread; the rest on any.
 */
final class UdpSide {
    private static final int DNS_PORT = 53;
    /** Bytes that were taken from the device and not yet by the flows' event loops; beyond it datagrams are lost. */
    private static final int MOST_UNDER_WAY = 4 << 20;
    /** Questions that are not answered yet; beyond it they are lost, and asked again. */
    private static final int MOST_QUESTIONS = 1024;
    /** How long a destination that refused is not tried again. */
    private static final int REFUSED_MILLIS = 1000;

    private final DeviceAddresses addresses;
    private final Gateway gateway;
    private final EventLoopGroup loops;
    private final Credit credit;
    private final TunNetwork.Limits limits;
    private final TunNetwork.Output output;
    private final TunNetwork.Counts counts;
    private final Map<Flow, Exchange> exchanges = new ConcurrentHashMap<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger questions = new AtomicInteger();
    private final AtomicInteger identification = new AtomicInteger();

    /** What is under way between a program's port and one destination. */
    private static final class Exchange {
        private final EventLoop loop;
        private final UdpEnd end;
        private volatile boolean refused;
        private volatile long lastUse = System.nanoTime();

        Exchange(EventLoop loop, UdpEnd end) {
            this.loop = loop;
            this.end = end;
        }
    }

    UdpSide(TunNetwork.Setup setup, TunNetwork.Output output, TunNetwork.Counts counts) {
        this.addresses = setup.addresses();
        this.gateway = setup.gateway();
        this.loops = setup.loops();
        this.credit = setup.credit();
        this.limits = setup.limits();
        this.output = output;
        this.counts = counts;
    }

    /** A datagram from a program. */
    void take(Packet packet) {
        var flow = new Flow(packet.source(), packet.destination());
        InetSocketAddress destination = flow.destination().socketAddress();
        if (destination.getAddress().equals(addresses.dns())) {
            if (destination.getPort() == DNS_PORT) {
                question(flow, packet.udpPayload());
            } else {
                output.write(Answers.portUnreachable(packet));
            }
            return;
        }
        Exchange known = exchanges.get(flow);
        Exchange exchange = known == null ? begin(flow, destination, packet) : known;
        if (exchange.refused) {
            output.write(Answers.portUnreachable(packet));
            return;
        }
        byte[] payload = packet.udpPayload();
        if (underWay.addAndGet(payload.length) > MOST_UNDER_WAY) {
            underWay.addAndGet(-payload.length);
            counts.dropped().increment();
            return;
        }
        exchange.lastUse = System.nanoTime();
        exchange.loop.execute(() -> {
            underWay.addAndGet(-payload.length);
            exchange.end.received(UnsafeByteOperations.unsafeWrap(payload));
        });
    }

    private Exchange begin(Flow flow, InetSocketAddress destination, Packet packet) {
        if (exchanges.size() >= limits.udpFlows()) {
            endLongestIdle();
        }
        EventLoop loop = loops.next();
        UdpEnd end = UdpEnd.accepted(loop, answer -> answer(flow, answer), limits.udpIdle(), credit);
        var exchange = new Exchange(loop, end);
        exchanges.put(flow, exchange);
        end.closed().thenRun(() -> exchanges.remove(flow, exchange));
        ByteBuffer first = ByteBuffer.allocate(packet.bytes().limit())
                .put(0, packet.bytes(), 0, packet.bytes().limit());
        gateway.open(Protocol.UDP, destination)
                .whenComplete((reached, failure) -> loop.execute(() -> reached(exchange, first, reached, failure)));
        return exchange;
    }

    private void reached(
            Exchange exchange, ByteBuffer first, Gateway.@Nullable Reached reached, @Nullable Throwable failure) {
        UdpEnd end = exchange.end;
        if (reached == null) {
            exchange.refused = true;
            exchange.loop.schedule(end::close, REFUSED_MILLIS, TimeUnit.MILLISECONDS);
            var packet = new Packet();
            if (failure != null
                    && StreamFailure.of(failure) instanceof StreamFailure.DialRefused
                    && packet.read(first)) {
                output.write(Answers.portUnreachable(packet));
            }
        } else if (end.closed().toCompletableFuture().isDone()) {
            reached.abandon("the local program went away");
        } else {
            reached.join(end);
        }
    }

    private void endLongestIdle() {
        long now = System.nanoTime();
        exchanges.entrySet().stream()
                .max(Comparator.comparingLong(each -> now - each.getValue().lastUse))
                .ifPresent(oldest -> {
                    exchanges.remove(oldest.getKey(), oldest.getValue());
                    oldest.getValue().end.close();
                });
    }

    private void answer(Flow flow, ByteString bytes) {
        Exchange exchange = exchanges.get(flow);
        if (exchange != null) {
            exchange.lastUse = System.nanoTime();
        }
        send(flow, bytes.toByteArray());
    }

    private void send(Flow flow, byte[] payload) {
        if (payload.length > UdpEnd.MAX_DATAGRAM) {
            counts.dropped().increment();
            return;
        }
        Answers.datagram(flow.reversed(), payload, output.mtu(), identification.incrementAndGet())
                .forEach(output::write);
    }

    private void question(Flow flow, byte[] question) {
        if (questions.incrementAndGet() > MOST_QUESTIONS) {
            questions.decrementAndGet();
            counts.dropped().increment();
            return;
        }
        gateway.resolve(question, Resolver.mostOfUdp(question)).whenComplete((answer, failure) -> {
            questions.decrementAndGet();
            if (answer != null && answer.length > 0) {
                send(flow, answer);
            }
        });
    }

    /** Hands the system a packet that was made elsewhere. */
    void write(ByteBuffer packet) {
        output.write(packet);
    }

    int flows() {
        return exchanges.size();
    }

    void close() {
        exchanges.values().forEach(each -> each.end.close());
    }
}
