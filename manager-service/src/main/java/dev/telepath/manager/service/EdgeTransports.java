package dev.telepath.manager.service;

import dev.telepath.manager.session.DeadConnections;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The transports that edges beat on, to close one whole when it is dead: all its calls end with it, whichever handlers
 * they hang in. Thread-safe.
 */
@Singleton
final class EdgeTransports {
    private static final String BEAT = "/telepath.v1.Liveness/Beat";
    /** Before the handler of all gRPC calls. */
    private static final int FIRST = -10_000;

    private final Map<SocketAddress, Channel> open = new ConcurrentHashMap<>();

    @Inject
    EdgeTransports(DeadConnections dead) {
        dead.listen(connection -> close(connection.address()));
    }

    void route(@Observes Router router) {
        router.route(BEAT).order(FIRST).handler(this::note);
    }

    private void note(RoutingContext call) {
        if (call.request().connection() instanceof ConnectionBase connection) {
            Channel channel = connection.channel();
            if (channel.remoteAddress() != null && open.put(channel.remoteAddress(), channel) != channel) {
                SocketAddress address = channel.remoteAddress();
                channel.closeFuture().addListener(closed -> open.remove(address, channel));
            }
        }
        call.next();
    }

    /** From the first handler on, the way that needs nothing of a peer: a good-bye would wait to be sent. */
    private void close(@Nullable SocketAddress address) {
        Channel channel = address == null ? null : open.get(address);
        if (channel != null) {
            ChannelHandlerContext first = channel.pipeline().firstContext();
            if (first != null) {
                first.close();
            }
        }
    }

    int size() {
        return open.size();
    }
}
