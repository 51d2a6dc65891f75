package dev.telepath.manager.session;

import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells of connections that are dead though their transport lives: whoever holds calls of one should end them. The
 * session stays; its edge attaches again. Thread-safe.
 */
@Singleton
public final class DeadConnections {
    /**
     * One of them.
     *
     * @param sessionId of the edge
     * @param address of the edge's end of the connection; null when it is not known
     */
    public record DeadConnection(String sessionId, @Nullable SocketAddress address) {}

    private final List<Consumer<DeadConnection>> listeners = new CopyOnWriteArrayList<>();

    /** Adds a listener. Called on the connection's event loop; must not block. */
    public void listen(Consumer<DeadConnection> listener) {
        listeners.add(listener);
    }

    /** Tells all listeners, on the calling thread. */
    public void found(DeadConnection dead) {
        listeners.forEach(each -> each.accept(dead));
    }
}
