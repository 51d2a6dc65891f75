package dev.telepath.client.run;

import dev.telepath.client.gateway.Gateway;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.EventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The way from the machine into the namespace, for its published ports: TCP to its loopback, and nothing else. Thread-safe. */
final class Loopback implements Gateway {
    private static final Duration DIAL = Duration.ofSeconds(3);

    private final Dialer dialer;
    private final Credit credit;

    Loopback(EventLoopGroup loops, Credit credit) {
        this.dialer = new Dialer(loops);
        this.credit = credit;
    }

    @Override
    public CompletionStage<Reached> open(Protocol protocol, InetSocketAddress destination) {
        if (protocol != Protocol.TCP || !destination.getAddress().isLoopbackAddress()) {
            return CompletableFuture.failedFuture(new StreamFailure.DialRefused(destination + " is not published"));
        }
        return dialer.dial(destination, DIAL, credit).thenApply(Reached::dialled);
    }

    @Override
    public CompletionStage<byte[]> resolve(byte[] question, int most) {
        return CompletableFuture.completedFuture(new byte[0]);
    }

    @Override
    public boolean isCluster(InetAddress address) {
        return false;
    }
}
