package dev.telepath.manager.connection;

import io.netty.channel.Channel;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The connections over which calls came, by the address of their peer. Thread-safe. */
@Singleton
public final class Connections {
    /** Before every other handler. */
    private static final int FIRST = -20_000;

    private final Map<SocketAddress, Connection> open = new ConcurrentHashMap<>();

    private record Connection(Channel channel, Set<Runnable> calls) {}

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
    Runnable whenClosed(@Nullable SocketAddress peer, Runnable task) {
        Connection connection = peer == null ? null : open.get(peer);
        if (connection == null) {
            return () -> {};
        }
        connection.calls().add(task);
        return () -> connection.calls().remove(task);
    }

    /** Connections now. */
    int size() {
        return open.size();
    }
}
