package dev.telepath.agent.direct;

import dev.telepath.tunnel.transport.ConnectionWindow;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A listening socket that closes what is too many as soon as it is there, and lets the rest have much under way. */
final class BoundedListener extends NioServerSocketChannel {
    private final AtomicInteger open;
    private final int most;

    /**
     * @param open connections, counted for all sockets of a server
     * @param most of them at one time
     */
    BoundedListener(AtomicInteger open, int most) {
        this.open = open;
        this.most = most;
    }

    @Override
    protected int doReadMessages(List<Object> accepted) throws Exception {
        int read = super.doReadMessages(accepted);
        if (read <= 0) {
            return read;
        }
        var socket = (NioSocketChannel) accepted.getLast();
        if (open.incrementAndGet() > most) {
            open.decrementAndGet();
            accepted.removeLast();
            // Not registered with a loop yet, so it is closed below Netty.
            socket.unsafe().closeForcibly();
            return 0;
        }
        ConnectionWindow.widen(socket);
        var _ = socket.closeFuture().addListener(closed -> open.decrementAndGet());
        return read;
    }
}
