package dev.telepath.harness.fault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on loopback that stands between two programs and does to their connections what it is told: see
 * {@link Fault} for states that last and {@link Cut} for ends. It starts with {@link Fault.Pass}.
 *
 * <p>Holds at most about 1 MiB for each direction of a connection. Thread-safe; everything ends with {@link #close}.
 */
public final class FaultProxy implements AutoCloseable {
    /** Small, so that a connection that gets nothing notices soon; it does not bound the rate on loopback. */
    private static final int SOCKET_BUFFER = 128 * 1024;

    private static final int BACKLOG = 1024;

    private record Listener(ServerSocket socket, Thread thread) {}

    private final InetSocketAddress target;
    private final Conditions conditions = new Conditions();
    private final Set<Carried> open = ConcurrentHashMap.newKeySet();
    private final Map<Direction, AtomicLong> carried = new EnumMap<>(Direction.class);
    private final AtomicLong accepted = new AtomicLong();
    private final int port;
    private @Nullable Listener listener;
    private boolean closed;

    private FaultProxy(InetSocketAddress target) throws IOException {
        this.target = target;
        for (Direction way : Direction.values()) {
            carried.put(way, new AtomicLong());
        }
        this.port = listen(0);
    }

    /**
     * Starts one on a free port.
     *
     * @param targetPort where it forwards to, on loopback; nobody has to listen there yet
     * @throws UncheckedIOException when no port is free
     */
    public static FaultProxy before(int targetPort) {
        return before(new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort));
    }

    /** As {@link #before(int)}, anywhere. */
    public static FaultProxy before(InetSocketAddress target) {
        try {
            return new FaultProxy(target);
        } catch (IOException e) {
            throw new UncheckedIOException("the fault proxy cannot listen: " + e.getMessage(), e);
        }
    }

    private int listen(int wanted) throws IOException {
        var fresh = new ServerSocket();
        fresh.setReuseAddress(true);
        fresh.setReceiveBufferSize(SOCKET_BUFFER);
        fresh.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted), BACKLOG);
        listener = new Listener(fresh, Thread.ofVirtual().name("fault-accept").start(() -> accept(fresh)));
        return fresh.getLocalPort();
    }

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                accepted(from.accept());
            } catch (IOException e) {
                // Closed: refused from now on, or over. Anything else concerns one connection that is gone.
                continue;
            }
        }
    }

    private void accepted(Socket caller) {
        synchronized (open) {
            if (conditions.now() instanceof Fault.Refuse) {
                Carried.abort(caller);
                return;
            }
            accepted.incrementAndGet();
            var connection = new Carried(caller, open::remove);
            open.add(connection);
            Thread.ofVirtual()
                    .name("fault-connect")
                    .start(() -> connection.connect(target, SOCKET_BUFFER, conditions, carried));
        }
    }

    /** Where programs connect to. */
    public int port() {
        return port;
    }

    /** The same as {@code host:port}. */
    public String address() {
        return InetAddress.getLoopbackAddress().getHostAddress() + ":" + port;
    }

    /** Ends whatever fault is on: connections that were held go on, new ones are taken. */
    public void pass() {
        apply(new Fault.Pass());
    }

    /**
     * Replaces the fault, for open connections and for new ones.
     *
     * @throws UncheckedIOException when its port was closed and has been taken since
     */
    public synchronized void apply(Fault fault) {
        if (!closed) {
            change(fault);
        }
    }

    private long change(Fault fault) {
        long change = conditions.change(fault);
        boolean listens = !(fault instanceof Fault.Refuse(Fault.Refusal how)) || how != Fault.Refusal.CLOSED;
        try {
            if (listens && listener == null) {
                listen(port);
            } else if (!listens) {
                stopListening();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("port " + port + " is taken by another program, start again", e);
        }
        return change;
    }

    /** The port is free only when the thread that accepts has let go of it. */
    private void stopListening() throws IOException {
        Listener old = listener;
        listener = null;
        if (old == null) {
            return;
        }
        old.socket().close();
        try {
            old.thread().join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends all connections that are open now; the fault that is on stays on. */
    public void cut(Cut how) {
        synchronized (open) {
            for (Carried connection : List.copyOf(open)) {
                switch (how) {
                    case RESET -> connection.reset();
                    case FINISH -> connection.finish();
                }
            }
        }
    }

    /**
     * Resets all connections and every new one until the time is over, then passes.
     *
     * @return done when the network is back, or another fault was put on meanwhile
     */
    public synchronized CompletableFuture<Void> outage(Duration time) {
        var back = new CompletableFuture<Void>();
        if (closed) {
            back.complete(null);
            return back;
        }
        long change = change(new Fault.Refuse(Fault.Refusal.RESET));
        cut(Cut.RESET);
        Thread.ofVirtual().name("fault-outage").start(() -> {
            try {
                if (conditions.awaitTime(change, time.toNanos())) {
                    passAfter(change);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                back.complete(null);
            }
        });
        return back;
    }

    private synchronized void passAfter(long change) {
        if (!closed && conditions.change() == change) {
            change(new Fault.Pass());
        }
    }

    /** Connections open now. */
    public int open() {
        return open.size();
    }

    /** Connections taken so far; those refused are not among them. */
    public long accepted() {
        return accepted.get();
    }

    /** Bytes forwarded so far in that direction. */
    public long carried(Direction way) {
        return java.util.Objects.requireNonNull(carried.get(way)).get();
    }

    /** Resets what is open and frees the port. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            // Ends the timer of an outage as well.
            change(new Fault.Refuse(Fault.Refusal.CLOSED));
            cut(Cut.RESET);
        }
    }
}
