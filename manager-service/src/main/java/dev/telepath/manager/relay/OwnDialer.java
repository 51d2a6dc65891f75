package dev.telepath.manager.relay;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.netty.channel.EventLoopGroup;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Dials from the manager itself, where no agent can. Thread-safe. */
@Singleton
public final class OwnDialer {
    private final EventLoopGroup loops;
    private final Dialer dialer;
    private final ManagerSettings.StreamSettings settings;

    @Inject
    OwnDialer(Vertx vertx, ManagerSettings settings) {
        this.loops = ((VertxInternal) vertx).getEventLoopGroup();
        this.dialer = new Dialer(loops);
        this.settings = settings.streams();
    }

    /** Fails with a {@link StreamFailure} when it is refused, not allowed or not answered. */
    public CompletionStage<? extends StreamEnd> dial(ConnectionId id, Duration timeout, Credit credit) {
        if (!settings.managerDials()) {
            return refused("no agent can dial " + id + ", and the manager may not (streams.manager-dials)");
        }
        var destination = new InetSocketAddress(id.destinationAddress(), id.destinationPort());
        return switch (id.protocol()) {
            case TCP -> dialer.dial(destination, timeout, credit);
            case UDP -> UdpEnd.dial(loops, destination, settings.udpIdle(), credit);
        };
    }

    private static CompletionStage<StreamEnd> refused(String why) {
        return CompletableFuture.failedFuture(new StreamFailure.DialRefused(why));
    }
}
