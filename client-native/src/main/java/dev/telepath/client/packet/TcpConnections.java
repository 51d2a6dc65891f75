package dev.telepath.client.packet;

import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The TCP connections of one device. Each has a stand-in: an address and port of our own that the kernel's listener sees
 * instead of the program, so that both ends of it are the kernel's and its packets only need other addresses.
 *
 * <pre>
 *   program ── S → D ──▶ (device) ── stand-in → listener ──▶ accepted socket
 *   program ◀── D → S ── (device) ◀── listener → stand-in ── accepted socket
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class TcpConnections {
    private static final int FIRST_PORT = 1024;
    private static final int PORTS = 65_536 - FIRST_PORT;
    /** Addresses that stand in, so that a port comes again only after 16 million connections. */
    static final int ADDRESSES = 254;

    private final Endpoint standIns4;
    private final Endpoint standIns6;
    private final int most;
    private final Map<Flow, Connection> byFlow = new ConcurrentHashMap<>();
    private final Map<Endpoint, Connection> byStandIn = new ConcurrentHashMap<>();
    private long next;

    /** What became of a connection. It goes one way only. */
    public enum State {
        /** Its destination is dialled; the program waits for an answer to its SYN. */
        DIALLING,
        /** Its SYN was shown to the listener. */
        OFFERED,
        /** The listener has accepted it. */
        ACCEPTED,
        /** Its socket is closed; packets may still come. */
        OVER
    }

    /** One connection. Compared by identity. */
    public static final class Connection {
        private final Flow flow;
        private final Endpoint standIn;
        private volatile State state = State.DIALLING;
        private volatile long since;

        private Connection(Flow flow, Endpoint standIn, long now) {
            this.flow = flow;
            this.standIn = standIn;
            this.since = now;
        }

        /** The program's end, and what it asked for. */
        public Flow flow() {
            return flow;
        }

        /** How the listener sees the program. */
        public Endpoint standIn() {
            return standIn;
        }

        public State state() {
            return state;
        }

        /**
         * Goes on.
         *
         * @param now of a clock that only goes forward, in nanoseconds
         * @return false where it is not in the state that is left
         */
        public synchronized boolean next(State from, State to, long now) {
            if (state != from) {
                return false;
            }
            since = now;
            state = to;
            return true;
        }
    }

    /**
     * @param standIns4 the first of {@value #ADDRESSES} addresses of IPv4 that lead into the device; its port is of no meaning
     * @param standIns6 the first of as many of IPv6
     * @param most connections at one time
     */
    public TcpConnections(Endpoint standIns4, Endpoint standIns6, int most) {
        this.standIns4 = standIns4;
        this.standIns6 = standIns6;
        this.most = most;
    }

    /** The connection of a program's packets. */
    public Optional<Connection> of(Flow flow) {
        return Optional.ofNullable(byFlow.get(flow));
    }

    /** The connection that a socket of the listener, or a packet to it, belongs to. */
    public Optional<Connection> behind(Endpoint standIn) {
        return Optional.ofNullable(byStandIn.get(standIn));
    }

    /**
     * A new connection, in place of one of the same program's port that is over.
     *
     * @return empty when there are too many
     */
    public Optional<Connection> begin(Flow flow, long now) {
        synchronized (byStandIn) {
            Connection before = byFlow.get(flow);
            if (before != null) {
                remove(before);
            }
            if (byFlow.size() >= most) {
                return Optional.empty();
            }
            Endpoint standIn = free(flow.source().isIpv4() ? standIns4 : standIns6);
            var connection = new Connection(flow, standIn, now);
            byStandIn.put(standIn, connection);
            byFlow.put(flow, connection);
            return Optional.of(connection);
        }
    }

    private Endpoint free(Endpoint base) {
        while (true) {
            long serial = next++;
            Endpoint candidate =
                    base.plus((int) (serial / PORTS % ADDRESSES)).port(FIRST_PORT + (int) (serial % PORTS));
            if (!byStandIn.containsKey(candidate)) {
                return candidate;
            }
        }
    }

    /** Forgets one. Its packets are then those of a connection that nobody knows. */
    public void remove(Connection connection) {
        byFlow.remove(connection.flow, connection);
        byStandIn.remove(connection.standIn, connection);
    }

    /**
     * Forgets what was in a state for some time.
     *
     * @param nanos how long it may be
     */
    public void sweep(State state, long nanos, long now) {
        for (Iterator<Connection> each = byFlow.values().iterator(); each.hasNext(); ) {
            Connection connection = each.next();
            if (connection.state() == state && now - connection.since > nanos) {
                remove(connection);
            }
        }
    }

    public int size() {
        return byFlow.size();
    }
}
