package dev.telepath.harness.fault;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection through the proxy: the caller's socket and the one to the target. */
final class Carried {
    private static final int CONNECT_MILLIS = 5_000;

    private final Socket caller;
    private final Consumer<Carried> ended;
    private final Set<Direction> done = EnumSet.noneOf(Direction.class);
    private @Nullable Socket target;
    private @Nullable Pump there;
    private @Nullable Pump back;
    private boolean over;
    private volatile boolean finished;

    Carried(Socket caller, Consumer<Carried> ended) {
        this.caller = caller;
        this.ended = ended;
    }

    /** Connects to the target and carries from then on. A target that refuses is told as a reset. */
    void connect(InetSocketAddress to, int buffer, Conditions conditions, Map<Direction, AtomicLong> counts) {
        var socket = new Socket();
        try {
            // A dead route is dead for new connections too.
            conditions.awaitFlow(Direction.TO_TARGET);
            try {
                socket.setReceiveBufferSize(buffer);
                socket.connect(to, CONNECT_MILLIS);
                socket.setTcpNoDelay(true);
                caller.setTcpNoDelay(true);
                start(socket, conditions, counts);
            } catch (IOException e) {
                abort(socket);
                // And hides a refusal, also that of a target that took the connection and reset it at once.
                conditions.awaitFlow(Direction.TO_CALLER);
                reset();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            abort(socket);
            reset();
        }
    }

    private synchronized void start(Socket socket, Conditions conditions, Map<Direction, AtomicLong> counts) {
        if (over) {
            abort(socket);
            return;
        }
        target = socket;
        there = pump(conditions, Direction.TO_TARGET, caller, socket, counts);
        back = pump(conditions, Direction.TO_CALLER, socket, caller, counts);
        if (finished) {
            shutdown(socket);
        }
    }

    private Pump pump(Conditions conditions, Direction way, Socket from, Socket to, Map<Direction, AtomicLong> counts) {
        var pump = new Pump(conditions, way, from, to, java.util.Objects.requireNonNull(counts.get(way)), this);
        pump.start();
        return pump;
    }

    /** Whether it was cut with FIN: what still comes in is dropped. */
    boolean finished() {
        return finished;
    }

    /** The end of that direction was passed on. */
    void writerDone(Direction way) {
        oneDone(way);
    }

    /** After a cut with FIN: that side has closed too. */
    void readerDone(Direction way) {
        oneDone(way);
    }

    private synchronized void oneDone(Direction way) {
        done.add(way);
        if (done.size() == Direction.values().length) {
            end(false);
        }
    }

    /** Ends both sides with RST. */
    synchronized void reset() {
        end(true);
    }

    /**
     * Ends both sides with FIN, the target's when it is connected if it is not yet. Sides that never close are closed
     * with the proxy.
     */
    synchronized void finish() {
        if (over) {
            return;
        }
        finished = true;
        shutdown(caller);
        Socket second = target;
        if (second != null) {
            shutdown(second);
        }
    }

    private static void shutdown(Socket socket) {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            // The side was closed already, which is what is wanted.
        }
    }

    private void end(boolean hard) {
        if (over) {
            return;
        }
        over = true;
        close(caller, hard);
        Socket second = target;
        if (second != null) {
            close(second, hard);
        }
        if (there != null) {
            there.interrupt();
        }
        if (back != null) {
            back.interrupt();
        }
        ended.accept(this);
    }

    private static void close(Socket socket, boolean hard) {
        if (hard) {
            abort(socket);
        } else {
            quietly(socket);
        }
    }

    /** Closes with RST. */
    static void abort(Socket socket) {
        try {
            socket.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            // A closed socket has no options and needs none.
        }
        quietly(socket);
    }

    private static void quietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Its descriptor is gone all the same.
        }
    }
}
