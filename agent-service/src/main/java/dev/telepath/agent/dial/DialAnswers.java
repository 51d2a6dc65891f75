package dev.telepath.agent.dial;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.metrics.AgentMetrics.Kind;
import dev.telepath.agent.metrics.ClientTraffic;
import dev.telepath.agent.metrics.ObservedEnd;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.MalformedFrame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Dials destinations in the workload's network for clients and joins them to their streams. Thread-safe. */
public final class DialAnswers {
    /** The agent's own address and ports that only loopback serves: reached from outside by a stream alone. */
    private record Loopback(InetAddress address, Set<Integer> ports) {}

    private final EventLoopGroup loops;
    private final Credit credit;
    private final Duration dialTimeout;
    private final Duration udpIdle;
    private final AgentMetrics metrics;
    private final ClientTraffic traffic;
    private volatile Loopback share = new Loopback(InetAddress.getLoopbackAddress(), Set.of());

    /**
     * @param dialTimeout used where a stream names none
     * @param udpIdle silence after which a UDP flow ends
     */
    public DialAnswers(
            EventLoopGroup loops,
            Credit credit,
            Duration dialTimeout,
            Duration udpIdle,
            AgentMetrics metrics,
            ClientTraffic traffic) {
        this.loops = loops;
        this.credit = credit;
        this.dialTimeout = dialTimeout;
        this.udpIdle = udpIdle;
        this.metrics = metrics;
        this.traffic = traffic;
    }

    /** A destination of that address and one of the ports means what is lent on loopback. */
    public void shareAt(InetAddress address, Set<Integer> ports) {
        share = new Loopback(address, Set.copyOf(ports));
    }

    /**
     * Dials the destination that the id names and joins it to the call. A dial that fails is told to the call's peer.
     *
     * @param timeout of the dial; zero or less means the default
     * @param clientSession whose traffic it is, empty when unknown
     */
    public void answer(TunnelCall call, ConnectionId id, Duration timeout, String clientSession) {
        dial(id, timeout, clientSession).whenComplete((end, failure) -> {
            if (failure != null) {
                call.fail(StreamFailure.of(failure));
            } else {
                StreamEnd.join(call, end);
            }
        });
    }

    /**
     * Dials the destination that the id names.
     *
     * @param timeout zero or less means the default
     * @param clientSession whose traffic it is, empty when unknown
     * @return the dialled end, counted; fails with a {@link StreamFailure}
     */
    public CompletionStage<StreamEnd> dial(ConnectionId id, Duration timeout, String clientSession) {
        return dial(id, timeout.isPositive() ? timeout : dialTimeout)
                .<StreamEnd>thenApply(end -> new ObservedEnd(
                        end,
                        Kind.DIAL,
                        metrics,
                        bytes -> {
                            metrics.bytesOut(bytes);
                            count(clientSession, bytes, true);
                        },
                        bytes -> {
                            metrics.bytesIn(bytes);
                            count(clientSession, bytes, false);
                        }))
                .whenComplete((end, failure) -> {
                    if (failure != null) {
                        metrics.streamFailed(Kind.DIAL, ObservedEnd.label(failure));
                    }
                });
    }

    private void count(String session, long bytes, boolean toClient) {
        if (session.isEmpty()) {
            return;
        }
        if (toClient) {
            traffic.toClient(session, bytes);
        } else {
            traffic.fromClient(session, bytes);
        }
    }

    private CompletionStage<? extends StreamEnd> dial(ConnectionId id, Duration timeout) {
        Protocol protocol;
        try {
            protocol = id.protocol();
        } catch (MalformedFrame e) {
            return CompletableFuture.failedFuture(new StreamFailure.DialRefused(String.valueOf(e.getMessage())));
        }
        InetSocketAddress destination = new InetSocketAddress(id.destinationAddress(), id.destinationPort());
        Loopback own = share;
        if (own.ports().contains(destination.getPort()) && own.address().equals(destination.getAddress())) {
            destination = new InetSocketAddress(InetAddress.getLoopbackAddress(), destination.getPort());
        }
        return switch (protocol) {
            case TCP -> new Dialer(loops).dial(destination, timeout, credit);
            case UDP -> UdpEnd.dial(loops, destination, udpIdle, credit);
        };
    }
}
