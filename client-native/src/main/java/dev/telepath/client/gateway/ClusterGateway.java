package dev.telepath.client.gateway;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.proxy.OutboundStreams;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.EventLoopGroup;
import io.smallrye.mutiny.Multi;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * The daemon's own gateway: the cluster's networks lie behind streams, everything else is dialled from this machine. Thread-safe.
 */
public final class ClusterGateway implements Gateway {
    private final OutboundStreams streams;
    private final Supplier<Destinations> destinations;
    private final BiFunction<byte[], Integer, CompletionStage<byte[]>> resolver;
    private final EventLoopGroup loops;
    private final Dialer dialer;
    private final Credit credit;
    private final Duration dialTimeout;
    private final Duration udpIdle;

    /**
     * @param destinations which addresses are the cluster's, now
     * @param resolver answers DNS messages, as {@link Gateway#resolve}
     * @param dialTimeout for what is dialled from this machine
     * @param udpIdle silence that ends a flow that is dialled from this machine
     */
    public ClusterGateway(
            OutboundStreams streams,
            Supplier<Destinations> destinations,
            BiFunction<byte[], Integer, CompletionStage<byte[]>> resolver,
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
                        .<Reached>thenApply(end -> new Far(end, streams))
                        .exceptionallyCompose(raw -> CompletableFuture.failedFuture(failure(raw)));
            case Destinations.Way.Local(InetSocketAddress real) -> local(protocol, real);
            case Destinations.Way.None(String why) ->
                CompletableFuture.failedFuture(new StreamFailure.DialRefused(why));
        };
    }

    private CompletionStage<Reached> local(Protocol protocol, InetSocketAddress to) {
        CompletionStage<? extends StreamEnd> dialled = protocol == Protocol.TCP
                ? dialer.dial(to, dialTimeout, credit)
                : UdpEnd.dial(loops, to, udpIdle, credit);
        return dialled.thenApply(Near::new);
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
        return resolver.apply(question, most);
    }

    @Override
    public boolean isCluster(InetAddress address) {
        return destinations.get().isCluster(address);
    }

    private record Far(RemoteEnd end, OutboundStreams streams) implements Reached {
        @Override
        public void join(StreamEnd local) {
            streams.opened(local);
            // The word on the dial was read already; the local end still waits for it.
            local.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().<Frame>item(new Frame.DialOk()), end.receive()));
            end.send(local.receive());
        }

        @Override
        public void abandon(String why) {
            end.fail(new StreamFailure.Reset(why));
        }
    }

    private record Near(StreamEnd end) implements Reached {
        @Override
        public void join(StreamEnd local) {
            StreamEnd.join(local, end);
        }

        @Override
        public void abandon(String why) {
            end.send(Multi.createFrom().failure(new StreamFailure.Reset(why)));
        }
    }
}
