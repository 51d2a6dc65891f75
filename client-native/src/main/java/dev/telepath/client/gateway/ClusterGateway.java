package dev.telepath.client.gateway;

import dev.telepath.client.dns.Resolver;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.proxy.OutboundStreams;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The daemon's own gateway: the cluster's networks lie behind streams, everything else is dialled from this machine. Thread-safe.
 */
public final class ClusterGateway implements Gateway {
    private final OutboundStreams streams;
    private final Supplier<Destinations> destinations;
    private final Resolver resolver;
    private final EventLoopGroup loops;
    private final Dialer dialer;
    private final Credit credit;
    private final Duration dialTimeout;
    private final Duration udpIdle;

    /**
     * @param destinations which addresses are the cluster's, now
     * @param dialTimeout for what is dialled from this machine
     * @param udpIdle silence that ends a flow that is dialled from this machine
     */
    public ClusterGateway(
            OutboundStreams streams,
            Supplier<Destinations> destinations,
            Resolver resolver,
            EventLoopGroup loops,
            Credit credit,
            Duration dialTimeout,
            Duration udpIdle) {
        this.streams = streams;
        this.destinations = destinations;
        this.resolver = resolver;
        this.loops = loops;
        this.dialer = new Dialer(loops);
        this.credit = credit;
        this.dialTimeout = dialTimeout;
        this.udpIdle = udpIdle;
    }

    @Override
    public CompletionStage<Reached> open(Protocol protocol, InetSocketAddress destination) {
        return switch (destinations.get().of(destination)) {
            case Destinations.Way.Cluster(InetSocketAddress real) ->
                streams.open(protocol, real)
                        .<Reached>thenApply(this::far)
                        .exceptionallyCompose(raw -> CompletableFuture.failedFuture(failure(raw)));
            case Destinations.Way.Local(InetSocketAddress real) -> local(protocol, real);
            case Destinations.Way.None(String why) ->
                CompletableFuture.failedFuture(new StreamFailure.DialRefused(why));
        };
    }

    /** One that is counted among the streams. */
    private Reached far(RemoteEnd end) {
        Reached reached = Reached.remote(end);
        return new Reached() {
            @Override
            public void join(StreamEnd local) {
                streams.opened(local);
                reached.join(local);
            }

            @Override
            public void abandon(String why) {
                reached.abandon(why);
            }
        };
    }

    private CompletionStage<Reached> local(Protocol protocol, InetSocketAddress to) {
        CompletionStage<? extends StreamEnd> dialled = protocol == Protocol.TCP
                ? dialer.dial(to, dialTimeout, credit)
                : UdpEnd.dial(loops, to, udpIdle, credit);
        return dialled.thenApply(Reached::dialled);
    }

    private static StreamFailure failure(Throwable raw) {
        Throwable cause = raw instanceof CompletionException && raw.getCause() != null ? raw.getCause() : raw;
        if (!(cause instanceof Failure known)) {
            return StreamFailure.of(cause);
        }
        return switch (known.kind()) {
            case CONFLICT, NOT_FOUND -> new StreamFailure.DialRefused(known.message());
            case TIMED_OUT -> new StreamFailure.DialTimedOut(known.message());
            default -> new StreamFailure.ConnectionLost(known.message());
        };
    }

    @Override
    public CompletionStage<byte[]> resolve(byte[] question, int most) {
        return resolver.answer(question, most);
    }

    @Override
    public boolean isCluster(InetAddress address) {
        return destinations.get().isCluster(address);
    }
}
