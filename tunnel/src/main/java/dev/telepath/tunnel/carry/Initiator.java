package dev.telepath.tunnel.carry;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.resume.ResumableStream;
import dev.telepath.tunnel.stream.StreamFailure;
import io.grpc.Status;
import io.netty.util.concurrent.ScheduledFuture;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The edge that opens streams, and brings each a new link when it lost its own: at once while a manager is attached, then
 * with back-off; as soon as one is attached again otherwise.
 *
 * <p>{@link #open} may be called on any thread, {@link #attached} and {@link #detached} too.
 */
public final class Initiator {
    /** What a manager answers that will not say otherwise the next time. */
    private static final Set<Status.Code> FINAL =
            EnumSet.of(Status.Code.UNIMPLEMENTED, Status.Code.PERMISSION_DENIED, Status.Code.INVALID_ARGUMENT);

    /** How long a link must hold for the next loss to be retried at once. */
    private static final long STABLE_NANOS = 1_000_000_000;

    /** How long a stream is left on the link that it has, when there is a way past the manager: most are over by then. */
    private static final Duration SETTLED = Duration.ofSeconds(1);

    /** Streams that are moved to such a way at one look; each sends again what is under way. */
    private static final int MOVES = 64;

    /** A stream that has lost so many links past the manager is not moved there again: some networks carry little and lose much. */
    private static final int MOST_LOSSES = 2;

    /** Whom the manager's choice leads to where it cannot be reached past it. */
    private static final String NOBODY = "";

    private final CarriedStreams streams;
    private final Backoff backoff;
    private final long run;
    private final Duration settled;
    private final SecureRandom ids = new SecureRandom();
    private final Set<Opened> opened = new HashSet<>();
    private final IdleLinks idle;
    /** Ways past the manager, by the session of the edge that they lead to. */
    private final Map<String, Carrier> direct = new HashMap<>();
    /** Whom the manager has chosen for a place, of those. */
    private final RecentPlaces<String> chosen;

    private @Nullable Carrier carrier;
    private String session = "";
    private boolean looking;
    /** Whether the manager there asks agents of one workload alone where that is wanted. */
    private boolean choosesWorkload;

    /**
     * @param backoff of links that end while a manager is attached
     */
    public Initiator(CarriedStreams streams, Backoff backoff) {
        this(streams, backoff, System.currentTimeMillis(), SETTLED);
    }

    /**
     * @param run larger than that of any process that had the session before
     * @param settled after what time a stream is moved
     */
    Initiator(CarriedStreams streams, Backoff backoff, long run, Duration settled) {
        this.streams = streams;
        this.settled = settled;
        this.backoff = backoff;
        this.run = run;
        this.idle = new IdleLinks(streams);
        this.chosen = new RecentPlaces<>(streams, IdleLinks.OLDEST);
    }

    /** Tells its streams from those of a process that had the same session before: when it began, in milliseconds. */
    public long run() {
        return run;
    }

    /** As {@link #attached(Carrier, String, boolean)}, for edges whose streams are to sessions. */
    public void attached(Carrier now, String sessionId) {
        attached(now, sessionId, false);
    }

    /**
     * A manager is attached: every stream gets a link there, but for those that have one past the manager. A session of
     * another id is another edge to the peers.
     *
     * @param workloads whether it knows streams via a workload; with one that does not, those that are not open yet fail
     */
    public void attached(Carrier now, String sessionId, boolean workloads) {
        streams.loop().execute(() -> {
            boolean other = !session.equals(sessionId);
            idle.clear();
            carrier = now;
            session = sessionId;
            choosesWorkload = workloads;
            for (Opened each : List.copyOf(opened)) {
                if (other) {
                    each.lostSession();
                } else if (!each.isDirect()) {
                    each.attempt = 0;
                    each.relink();
                }
            }
        });
    }

    /**
     * There is a way to that session past the manager, which its streams take from now on; those that have a link and live for a
     * second are moved to it. Those to nobody in particular take it at once for as long as the manager's choice of that session
     * for their destination is taken to hold, which is 45 s.
     */
    public void direct(String acceptorSession, Carrier way) {
        streams.loop().execute(() -> {
            direct.put(acceptorSession, way);
            // Links that rest would be taken before it.
            idle.clear();
            for (Opened each : List.copyOf(opened)) {
                if (each.isTo(acceptorSession) && !each.end.stream().linked()) {
                    each.attempt = 0;
                    each.relink();
                }
            }
            lookForMoves();
        });
    }

    /** Each second while there is a stream that has a way past the manager and is not there. */
    private void lookForMoves() {
        if (!looking) {
            looking = true;
            streams.loop().schedule(this::move, settled.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void move() {
        looking = false;
        opened.stream().filter(Opened::moves).limit(MOVES).toList().forEach(Opened::move);
        if (opened.stream().anyMatch(Opened::hasBetterWay)) {
            lookForMoves();
        }
    }

    /** That way is no more. Links end by themselves, and come again by the manager. */
    public void noDirect(String acceptorSession, Carrier way) {
        streams.loop().execute(() -> {
            if (direct.remove(acceptorSession, way)) {
                idle.clear();
            }
        });
    }

    /** No manager is attached. Links end by themselves, with their connection. */
    public void detached() {
        streams.loop().execute(() -> {
            carrier = null;
            idle.clear();
        });
    }

    /**
     * Opens a stream; it waits for a manager where none is attached. The caller bounds how long, with
     * {@link ResumableEnd#fail}.
     *
     * @param acceptorSession the session to open it to; empty: the manager chooses who dials
     */
    public ResumableEnd open(ConnectionId id, Duration dialTimeout, String acceptorSession) {
        return open(id, dialTimeout, acceptorSession, "");
    }

    /**
     * As {@link #open}, to a session of the manager's choice.
     *
     * @param workload whose agents alone may dial; empty: whoever can. With a manager that does not know that, it fails
     *     with {@link StreamFailure.NotOffered}
     */
    public ResumableEnd openVia(String workload, ConnectionId id, Duration dialTimeout) {
        return open(id, dialTimeout, "", workload);
    }

    private ResumableEnd open(ConnectionId id, Duration dialTimeout, String acceptorSession, String via) {
        byte[] streamId = new byte[16];
        ids.nextBytes(streamId);
        boolean datagrams = id.protocol() == Protocol.UDP;
        StreamFrame.Open open = StreamFrame.Open.newBuilder()
                .setStreamId(ByteString.copyFrom(streamId))
                .setConnectionId(id.bytes())
                .setDialTimeoutNanos(dialTimeout.toNanos())
                .setAcceptorSessionId(acceptorSession)
                .setRun(run)
                .setViaWorkload(via)
                .setKeepsLink(!datagrams && streams.settings().idleLinks() > 0)
                .build();
        var stream = new Opened(open, datagrams);
        streams.loop().execute(stream::begin);
        return stream.end;
    }

    /** Ends every stream hard, as far as the other edges can be told. */
    public void close() {
        streams.loop().execute(() -> {
            List.copyOf(opened).forEach(each -> each.end.fail(new StreamFailure.Reset("the edge stops")));
            idle.clear();
        });
    }

    /** A link over that connection, kept when its stream is over if that is attached still. */
    private CarryLink newLink(ResumableEnd end, Carrier over, Place place) {
        return new CarryLink(streams, end, rested -> {
            Carrier near = near(place.acceptor(), place);
            if (over == (near == null ? carrier : near)) {
                idle.keep(rested, place);
            } else {
                rested.finish();
            }
        });
    }

    /**
     * The way past the manager, if there is one.
     *
     * @param acceptor the session that a stream is to; empty: whoever is chosen
     */
    private @Nullable Carrier near(String acceptor, Place place) {
        if (!acceptor.isEmpty()) {
            return direct.get(acceptor);
        }
        RecentPlaces.Found<String> found = chosen.get(place);
        return found == null ? null : direct.get(found.what());
    }

    private final class Opened implements ResumableEnd.Lifecycle {
        private final ResumableEnd end;
        private final StreamFrame.Open open;
        private final boolean viaWorkload;
        /** From the first time on that it asked for a link; before, it belongs to no session. */
        private @Nullable Place place;

        private int attempt;
        /** By what the last link went. */
        private @Nullable Carrier over;
        /** Whether that one brought what opens the stream, on a link of its own. */
        private boolean opens;
        /** A link past the manager did not come into step: the next goes by the manager where there is one. */
        private boolean directFailed;

        private long inStepSince;
        private @Nullable ScheduledFuture<?> retry;
        /** Since when the other edge has dialled, as {@link CarriedStreams#now} says it. */
        private long dialledSince;
        /** Where it was moved to and did not come into step. */
        private @Nullable Carrier failed;

        private int lostPastManager;

        Opened(StreamFrame.Open open, boolean datagrams) {
            this.open = open;
            this.viaWorkload = !open.getViaWorkload().isEmpty();
            this.end = new ResumableEnd(
                    streams,
                    datagrams,
                    local -> ResumableStream.initiator(open, local, streams.window(), datagrams),
                    this);
            end.dialled().thenRun(this::taken);
        }

        void begin() {
            if (!end.stream().ended()) {
                opened.add(this);
                relink();
            }
        }

        boolean isTo(String acceptor) {
            return end.stream().acceptorSession().equals(acceptor);
        }

        /** Whether it has a link past the manager. */
        boolean isDirect() {
            return over != null
                    && over != carrier
                    && direct.containsValue(over)
                    && end.stream().linked();
        }

        private Place place() {
            return place == null ? Place.of(open, session) : place;
        }

        private @Nullable Carrier way(Place to) {
            Carrier near = near(end.stream().acceptorSession(), to);
            return near == null || directFailed && carrier != null ? carrier : near;
        }

        void relink() {
            if (retry != null) {
                retry.cancel(false);
                retry = null;
            }
            Place to = place();
            Carrier now = way(to);
            if (now == null || end.stream().ended()) {
                return;
            }
            if (viaWorkload && !choosesWorkload && end.stream().opening()) {
                // It would have anybody dial.
                notOffered("the manager does not dial via a workload");
                return;
            }
            over = now;
            opens = end.stream().opening();
            if (place == null) {
                end.stream().openedBy(session);
                place = to;
                CarryLink kept = open.getKeepsLink() ? idle.take(to) : null;
                if (kept != null) {
                    opens = false;
                    // Should it be lost just now, the next comes at once, and is a new one.
                    end.link(kept, null);
                    return;
                }
            }
            if (now != carrier) {
                streams.direct();
            }
            CarryLink link = newLink(end, now, to);
            end.link(link, null);
            now.carry(link);
            if (hasBetterWay()) {
                lookForMoves();
            }
        }

        /** Whether there is a way past the manager that it has not, and has not failed on. */
        boolean hasBetterWay() {
            Carrier near = direct.get(end.stream().acceptorSession());
            return near != null && near != over && near != failed && lostPastManager < MOST_LOSSES;
        }

        /** Whether it works, has for a while, and would better elsewhere. */
        boolean moves() {
            return hasBetterWay() && end.stream().working() && streams.now() - dialledSince >= settled.toNanos();
        }

        /** Gives it a link past the manager in place of the one that it has. */
        void move() {
            Carrier near = direct.get(end.stream().acceptorSession());
            if (near == null) {
                return;
            }
            over = near;
            opens = false;
            inStepSince = 0;
            streams.moved();
            CarryLink link = newLink(end, near, place());
            end.move(link);
            near.carry(link);
        }

        /** Nobody has taken it, so nobody has to confirm its end. */
        private void notOffered(String why) {
            end.fail(new StreamFailure.NotOffered(why));
            end.lose();
        }

        void lostSession() {
            if (place != null) {
                end.lose();
            } else {
                relink();
            }
        }

        @Override
        public void linkOver(ResumableEnd over, @Nullable Throwable cause, boolean moved) {
            boolean past = this.over != null && this.over != carrier;
            if (cause != null
                    && !past
                    && end.stream().opening()
                    && FINAL.contains(Status.fromThrowable(cause).getCode())) {
                notOffered(String.valueOf(cause.getMessage()));
                return;
            }
            directFailed = inStepSince == 0 && past;
            if (past) {
                lostPastManager++;
            }
            if (moved) {
                failed = this.over;
            }
            Place to = place();
            if (directFailed && end.stream().opening()) {
                // Those that follow need not try.
                chosen.put(to, NOBODY);
            }
            if (way(to) == null || retry != null) {
                return;
            }
            // A link that breaks as soon as it is there begins no new count.
            if (inStepSince != 0 && System.nanoTime() - inStepSince >= STABLE_NANOS) {
                attempt = 0;
            }
            inStepSince = 0;
            long wait = attempt == 0
                    ? 0
                    : backoff.wait(attempt, RandomGenerator.getDefault()).toMillis();
            attempt++;
            retry = streams.loop().schedule(this::relink, wait, TimeUnit.MILLISECONDS);
        }

        @Override
        public void inStep(ResumableEnd synced) {
            inStepSince = System.nanoTime();
            directFailed = false;
        }

        /** The other edge has dialled: where it was open to anybody, the manager has chosen who. */
        private void taken() {
            dialledSince = streams.now();
            if (hasBetterWay()) {
                lookForMoves();
            }
            if (!open.getAcceptorSessionId().isEmpty()) {
                return;
            }
            String by = end.stream().acceptorSession();
            if (opens && over == carrier && place != null && direct.containsKey(by) && chosen.get(place) == null) {
                chosen.put(place, by);
            }
        }

        @Override
        public void ended(ResumableEnd over, ResetCode code) {
            opened.remove(this);
            if (retry != null) {
                retry.cancel(false);
            }
        }
    }
}
