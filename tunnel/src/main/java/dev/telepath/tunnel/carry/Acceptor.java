package dev.telepath.tunnel.carry;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.Over;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.MalformedFrame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.resume.Frames;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.resume.ResumableStream;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import io.smallrye.mutiny.Multi;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The edge that is asked for streams: answers each request of a link with one, dials what a new stream names, and gives
 * a stream that it knows its next link. How a stream ended is remembered for a while.
 *
 * <p>Public methods may be called on any thread.
 */
public final class Acceptor {
    private static final Logger LOG = Logger.getLogger(Acceptor.class);
    private static final int MOST_REMEMBERED = 10_000;

    /** Reaches destinations. Called on the streams' event loop. */
    @FunctionalInterface
    public interface Dials {
        /**
         * @param timeout of the dial; zero when the stream names none
         * @param initiator the session that opened the stream
         * @return the dialled end; fails with a {@link StreamFailure}
         */
        CompletionStage<? extends StreamEnd> dial(ConnectionId id, Duration timeout, String initiator);
    }

    private final CarriedStreams streams;
    private final Dials dials;
    private final GreetedLinks links;
    private final Map<ByteString, Accepted> known = new HashMap<>();
    private final LinkedHashMap<ByteString, Past> past = new LinkedHashMap<>();
    /** For each session that another process has now, its first run whose streams are taken. */
    private final LinkedHashMap<String, Long> over = new LinkedHashMap<>();

    private @Nullable Carrier carrier;
    private String session = "";

    /** How a stream ended, and whom to tell. */
    private record Past(ResetCode code, String reason, String initiator, long at) {
        StreamFrame word() {
            return switch (code) {
                case REFUSED, DIAL_TIMED_OUT -> Frames.refused(code, reason);
                default -> Frames.gone(code);
            };
        }
    }

    public Acceptor(CarriedStreams streams, Dials dials) {
        this.streams = streams;
        this.dials = dials;
        this.links = new GreetedLinks(streams, this::greeted);
    }

    /**
     * A manager is attached, whose requests are answered there. Streams of a session of another id are ended: their
     * initiators ask for that one.
     */
    public void attached(Carrier now, String sessionId) {
        streams.loop().execute(() -> {
            boolean other = !session.equals(sessionId);
            carrier = now;
            session = sessionId;
            if (other) {
                List.copyOf(known.values()).forEach(Accepted::lostSession);
            }
        });
    }

    /** No manager is attached. */
    public void detached() {
        streams.loop().execute(() -> {
            carrier = null;
            links.endResting();
        });
    }

    /** The manager wants a link, or tells what is over. */
    public void requested(LinkRequest request) {
        if (request.hasOver()) {
            over(request.getOver());
            return;
        }
        streams.loop().execute(() -> {
            Carrier now = carrier;
            if (now != null) {
                answer(request, now, links.fresh());
            }
        });
    }

    /**
     * An agent itself wants a link, past the manager.
     *
     * @param there the connection to that agent
     * @param initiator the agent's session, which the streams of the link have to name
     */
    public void requested(LinkRequest request, Carrier there, String initiator) {
        streams.loop().execute(() -> answer(request, there, links.fresh(initiator)));
    }

    private void answer(LinkRequest request, Carrier there, CarryLink link) {
        link.send(Frames.answer(request.getLink(), session));
        there.carry(link);
    }

    /**
     * Ends the streams of a process that is gone. In which order this and the streams of the next process come does not
     * matter, nor whether it comes twice or late: a stream's own run says whose it is. One that the gone process opened
     * last may still be on its way here, so the run is remembered.
     */
    public void over(Over what) {
        streams.loop().execute(() -> {
            over.remove(what.getSessionId());
            over.put(what.getSessionId(), what.getBeforeRun());
            if (over.size() > MOST_REMEMBERED) {
                over.pollFirstEntry();
            }
            List<Accepted> gone =
                    known.values().stream().filter(each -> isOver(each.open)).toList();
            gone.forEach(Accepted::forget);
            if (!gone.isEmpty()) {
                LOG.infof(
                        "streams ended, their other edge is gone session=%s streams=%d",
                        what.getSessionId(), gone.size());
            }
        });
    }

    private boolean isOver(StreamFrame.Open open) {
        Long first = over.get(open.getSessionId());
        return first != null && Long.compareUnsigned(open.getRun(), first) < 0;
    }

    /**
     * A link that needs no answer to a request: the initiator's own call, at a manager that dials itself.
     *
     * @param sessionId names this acceptor to the initiator
     */
    public CarryLink link(String sessionId) {
        streams.loop().execute(() -> session = sessionId);
        return links.fresh();
    }

    /**
     * A link that its initiator brings itself, past the manager: for its streams that are here already, and for such as the manager
     * has let it open here within the last minute.
     *
     * @param initiator the session that the caller has proved to be
     */
    CarryLink brought(String initiator) {
        return links.brought(initiator);
    }

    /** Ends every stream hard, as far as the initiators can be told. */
    public void close() {
        streams.loop().execute(() -> {
            List.copyOf(known.values()).forEach(Accepted::stop);
            links.endResting();
        });
    }

    private void greeted(CarryLink link, StreamFrame greeting) {
        ByteString id = greeting.hasOpen()
                ? greeting.getOpen().getStreamId()
                : greeting.getResume().getStreamId();
        String initiator = greeting.hasOpen()
                ? greeting.getOpen().getSessionId()
                : greeting.getResume().getSessionId();
        forget();
        Accepted stream = known.get(id);
        Past ended = past.get(id);
        if (stream != null) {
            if (stream.initiator.equals(initiator)) {
                stream.take(link, greeting);
            } else {
                last(link, Frames.gone(ResetCode.UNKNOWN));
            }
        } else if (ended != null && ended.initiator().equals(initiator)) {
            last(link, ended.word());
        } else if (greeting.hasOpen() && id.size() == 16 && !isOver(greeting.getOpen())) {
            var fresh = new Accepted(greeting.getOpen());
            known.put(id, fresh);
            fresh.take(link, greeting);
            fresh.dial();
        } else {
            last(link, Frames.gone(ResetCode.UNKNOWN));
        }
    }

    private static void last(CarryLink link, StreamFrame word) {
        link.send(word);
        link.finish();
    }

    private void forget() {
        long before = System.nanoTime() - streams.settings().remember().toNanos();
        var oldest = past.values().iterator();
        while (oldest.hasNext()) {
            if (past.size() <= MOST_REMEMBERED && oldest.next().at() - before > 0) {
                return;
            }
            if (past.size() > MOST_REMEMBERED) {
                oldest.next();
            }
            oldest.remove();
        }
    }

    private final class Accepted implements ResumableEnd.Lifecycle, CarryLink.Owner {
        private final StreamFrame.Open open;
        private final String initiator;
        private @Nullable ResumableEnd end;
        private @Nullable CarryLink waiting;
        private @Nullable StreamFrame greeting;
        private boolean stopped;

        Accepted(StreamFrame.Open open) {
            this.open = open;
            this.initiator = open.getSessionId();
        }

        void take(CarryLink link, StreamFrame brought) {
            ResumableEnd made = end;
            if (made != null) {
                made.link(link, brought);
                return;
            }
            if (!brought.hasOpen()) {
                // The initiator has not heard of the dial's end, so it cannot resume.
                link.drop();
                return;
            }
            CarryLink before = waiting;
            StreamFrame known = greeting;
            if (known != null
                    && known.getOpen().getAttempt() >= brought.getOpen().getAttempt()) {
                link.finish();
                return;
            }
            waiting = link;
            greeting = brought;
            link.hand(this);
            if (before != null) {
                before.finish();
            }
        }

        void dial() {
            ConnectionId id;
            boolean datagrams;
            try {
                id = new ConnectionId(open.getConnectionId());
                datagrams = id.protocol() == Protocol.UDP;
            } catch (MalformedFrame malformed) {
                refuse(StreamFailure.of(malformed));
                return;
            }
            Duration timeout = Duration.ofNanos(Math.max(0, open.getDialTimeoutNanos()));
            dials.dial(id, timeout, initiator)
                    .whenComplete((socket, failure) -> streams.loop().execute(() -> {
                        if (failure != null) {
                            refuse(StreamFailure.of(failure));
                        } else {
                            accept(Objects.requireNonNull(socket), datagrams);
                        }
                    }));
        }

        private void accept(StreamEnd socket, boolean datagrams) {
            if (stopped) {
                // Nobody wants it any more.
                socket.send(Multi.createFrom().failure(new StreamFailure.Reset("the stream was given up")));
                return;
            }
            var made = new ResumableEnd(
                    streams,
                    datagrams,
                    local -> ResumableStream.acceptor(open, session, local, streams.window(), datagrams),
                    this);
            end = made;
            made.dialledBefore();
            CarryLink link = waiting;
            waiting = null;
            if (link != null) {
                made.link(link, greeting);
            }
            StreamEnd.join(socket, made);
        }

        private void refuse(StreamFailure why) {
            if (stopped) {
                return;
            }
            ResetCode code = why instanceof StreamFailure.DialTimedOut ? ResetCode.DIAL_TIMED_OUT : ResetCode.REFUSED;
            Past ending = remember(code, String.valueOf(why.getMessage()));
            CarryLink link = waiting;
            waiting = null;
            if (link != null) {
                last(link, ending.word());
            }
        }

        private Past remember(ResetCode code, String reason) {
            known.remove(open.getStreamId(), this);
            var ending = new Past(code, reason, initiator, System.nanoTime());
            past.put(open.getStreamId(), ending);
            return ending;
        }

        void stop() {
            ResumableEnd made = end;
            if (made != null) {
                made.fail(new StreamFailure.Reset("the edge stops"));
                return;
            }
            stopped = true;
            Past ending = remember(ResetCode.RESET, "");
            CarryLink link = waiting;
            waiting = null;
            if (link != null) {
                last(link, ending.word());
            }
        }

        /** Its initiator is gone. */
        void forget() {
            ResumableEnd made = end;
            if (made != null) {
                made.forget();
            } else {
                stop();
            }
        }

        /** Its initiator asks for a session that is no more, so no link can come. */
        void lostSession() {
            ResumableEnd made = end;
            if (made != null) {
                made.lose();
            } else {
                stop();
            }
        }

        // While the dial is under way.

        @Override
        public void frame(CarryLink link, StreamFrame frame) {
            // An initiator says nothing before it was accepted, unless it gave up.
            if (frame.hasReset()) {
                waiting = null;
                stopped = true;
                last(link, remember(ResetCode.RESET, "").word());
            }
        }

        @Override
        public void ready(CarryLink link) {}

        @Override
        public void over(CarryLink link, @Nullable Throwable cause) {
            if (link == waiting) {
                waiting = null;
            }
        }

        // After it.

        @Override
        public void linkOver(ResumableEnd lost, @Nullable Throwable cause, boolean moved) {}

        @Override
        public void inStep(ResumableEnd synced) {}

        @Override
        public void ended(ResumableEnd over, ResetCode code) {
            var _ = remember(code, "");
        }
    }
}
