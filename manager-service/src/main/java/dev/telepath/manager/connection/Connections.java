package dev.telepath.manager.connection;

import dev.telepath.manager.session.DeadConnections;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections over which calls came, by the address of their peer, to close one whole when it is dead: all its calls
 * end with it, whichever handlers they hang in. Thread-safe.
 */
@Singleton
public final class Connections {
    /** Before every other handler. */
    private static final int FIRST = -20_000;

    private final Map<SocketAddress, Connection> open = new ConcurrentHashMap<>();

    private record Connection(Channel channel, Set<Runnable> calls) {}

    @Inject
    Connections(DeadConnections dead) {
        dead.listen(connection -> close(connection.address()));
    }

    void route(@Observes Router router) {
        router.route().order(FIRST).handler(request -> {
            note(request.request());
            request.next();
        });
    }

    /** A call comes; before it is served, on its connection's event loop. */
    public void note(HttpServerRequest request) {
        if (!(request.connection() instanceof ConnectionBase connection)) {
            return;
        }
        Channel channel = connection.channel();
        SocketAddress peer = channel.remoteAddress();
        if (peer == null) {
            return;
        }
        Connection known = open.get(peer);
        if (known == null || known.channel() != channel) {
            var fresh = new Connection(channel, ConcurrentHashMap.newKeySet());
            open.put(peer, fresh);
            channel.closeFuture().addListener(closed -> {
                open.remove(peer, fresh);
                fresh.calls().forEach(Runnable::run);
            });
        }
    }

    /**
     * Runs a task when the connection from there closes, on its event loop.
     *
     * @param peer null = not known; then it never runs
     * @return forgets the task
     */
    public Runnable whenClosed(@Nullable SocketAddress peer, Runnable task) {
        Connection connection = peer == null ? null : open.get(peer);
        if (connection == null) {
            return () -> {};
        }
        connection.calls().add(task);
        return () -> connection.calls().remove(task);
    }

    /** Whether calls came over a connection from there that is still open. Asked on its event loop the answer holds. */
    public boolean isOpen(SocketAddress peer) {
        return open.containsKey(peer);
    }

    /** From the first handler on, the way that needs nothing of a peer: a good-bye would wait to be sent. */
    private void close(@Nullable SocketAddress peer) {
        Connection connection = peer == null ? null : open.get(peer);
        if (connection != null) {
            ChannelHandlerContext first = connection.channel().pipeline().firstContext();
            if (first != null) {
                first.close();
            }
        }
    }
}
