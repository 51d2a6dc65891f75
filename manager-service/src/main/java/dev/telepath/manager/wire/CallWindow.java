package dev.telepath.manager.wire;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * How far ahead the peer of a connection may send on each of its calls. What arrives within one round trip is bandwidth
 * times delay, or what the window allows if that is less, which is half of it to all: so where it was a third of the
 * window, that is doubled. gRPC's own transports do it likewise. Calls that nobody reads bring nothing, and widen nothing.
 *
 * <p>Confined to the event loop of the connection.
 */
final class CallWindow {
    /** Bytes: 50 MB/s by a round trip of 20 ms, as measured. 32 stalled calls of so much fill the window of a connection. */
    static final int MOST = 2 * 1024 * 1024;
    /** Between two round trips that are measured without any effect. */
    static final Duration PAUSE = Duration.ofMillis(100);

    private static final Logger LOG = Logger.getLogger(CallWindow.class);

    /** What is asked of the connection. */
    interface Peer {
        /** Has the peer answer, behind whatever it has sent before. */
        void ping(Runnable answered);

        /** Tells it the window of each call, in bytes. */
        void window(int bytes);
    }

    private final Peer peer;
    private final LongSupplier nanos;
    private int window;
    private long arrived;
    private boolean measuring;
    private long next;

    /**
     * @param first bytes that the peer may send ahead now
     * @param nanos a clock of nanoseconds
     */
    CallWindow(Peer peer, int first, LongSupplier nanos) {
        this.peer = peer;
        this.window = first;
        this.nanos = nanos;
        this.next = nanos.getAsLong();
    }

    /** Of a connection, as it is now. */
    static CallWindow of(HttpConnection connection) {
        return new CallWindow(
                new Peer() {
                    @Override
                    public void ping(Runnable answered) {
                        connection.ping(Buffer.buffer().appendLong(0)).onSuccess(pong -> answered.run());
                    }

                    @Override
                    public void window(int bytes) {
                        LOG.debugf("window of calls peer=%s bytes=%d", connection.remoteAddress(), bytes);
                        connection.updateSettings(new Http2Settings(connection.settings()).setInitialWindowSize(bytes));
                    }
                },
                (int) connection.settings().getInitialWindowSize(),
                System::nanoTime);
    }

    /** So many bytes of calls have been taken. */
    void took(int bytes) {
        arrived += bytes;
        // Less is no burst, and a ping for each request would cost more than it.
        if (!measuring && window < MOST && arrived >= window / 4 && nanos.getAsLong() - next >= 0) {
            measuring = true;
            arrived = 0;
            peer.ping(this::answered);
        }
    }

    private void answered() {
        measuring = false;
        if (3 * arrived >= window) {
            window = Math.min(2 * window, MOST);
            peer.window(window);
        } else {
            next = nanos.getAsLong() + PAUSE.toNanos();
        }
        arrived = 0;
    }
}
