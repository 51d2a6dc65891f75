package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.MalformedFrame;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * An acceptor's links that wait for a greeting: for the first, which the manager has looked at, and when that one's stream is
 * over for the next of its initiator. That passes the manager by, so it may be nothing else than what was looked at.
 *
 * <p>Confined to the streams' event loop, but for {@link #fresh}.
 */
final class GreetedLinks {
    /** How long after its beginning a link may bring one more stream: for so long what its manager checked is taken to hold. */
    static final Duration OLDEST = Duration.ofSeconds(60);

    private static final Logger LOG = Logger.getLogger(GreetedLinks.class);

    private final CarriedStreams streams;
    private final BiConsumer<CarryLink, StreamFrame> greeted;
    /** What the manager has let through. */
    private final RecentPlaces<Boolean> looked;

    /** Whose stream is over, and whose initiator may open another. */
    private final Set<CarryLink> resting = new HashSet<>();

    /**
     * @param greeted is given each link with an {@code Open} or a {@code Resume}
     */
    GreetedLinks(CarriedStreams streams, BiConsumer<CarryLink, StreamFrame> greeted) {
        this.streams = streams;
        this.greeted = greeted;
        this.looked = new RecentPlaces<>(streams, OLDEST);
    }

    /** A link that has brought nothing, whose manager has looked at who opens it. Any thread. */
    CarryLink fresh() {
        return fresh(null);
    }

    /**
     * The same of an edge that is known otherwise. Any thread.
     *
     * @param initiator the session that alone may greet on it; null: whichever the manager lets through
     */
    CarryLink fresh(@Nullable String initiator) {
        return link(initiator, false);
    }

    /**
     * A link that its initiator brings itself, past the manager. A stream that begins on it has to be to a place that the manager
     * has let the same session reach here lately. Any thread.
     */
    CarryLink brought(String initiator) {
        return link(initiator, true);
    }

    private CarryLink link(@Nullable String initiator, boolean brought) {
        var waiting = new Waiting(initiator, brought);
        return new CarryLink(streams, waiting, waiting);
    }

    /** Ends those without a stream. */
    void endResting() {
        List.copyOf(resting).forEach(CarryLink::finish);
        resting.clear();
    }

    private final class Waiting implements CarryLink.Owner, CarryLink.Afterwards {
        private final @Nullable String initiator;
        private final boolean brought;
        /** What the manager looked at, before it joined the link to its initiator. */
        private StreamFrame.@Nullable Open checked;
        /** When it did. */
        private long since;

        Waiting(@Nullable String initiator, boolean brought) {
            this.initiator = initiator;
            this.brought = brought;
        }

        @Override
        public void frame(CarryLink link, StreamFrame frame) {
            boolean rested = resting.remove(link);
            if (checked != null) {
                // One that was ended here meanwhile tells its initiator so.
                if (rested) {
                    next(link, frame, checked);
                }
            } else if ((frame.hasOpen() || frame.hasResume()) && mayGreet(frame) && mayBegin(link, frame)) {
                checked = frame.getOpen();
                greeted.accept(link, frame);
            } else {
                link.drop();
            }
        }

        private boolean mayGreet(StreamFrame frame) {
            String says = frame.hasOpen()
                    ? frame.getOpen().getSessionId()
                    : frame.getResume().getSessionId();
            return initiator == null || initiator.equals(says);
        }

        /** A stream that goes on was let through when it began. */
        private boolean mayBegin(CarryLink link, StreamFrame frame) {
            since = link.since();
            if (!frame.hasOpen() || initiator != null && !brought) {
                return true;
            }
            Optional<Place> place = place(frame.getOpen());
            if (!brought) {
                place.ifPresent(to -> looked.put(to, true));
                return true;
            }
            RecentPlaces.Found<Boolean> found = place.map(looked::get).orElse(null);
            if (found != null) {
                since = found.since();
            }
            return found != null;
        }

        private void next(CarryLink link, StreamFrame frame, StreamFrame.Open before) {
            if (!frame.hasOpen() || !samePlace(before, frame.getOpen())) {
                LOG.warnf("a link ended: it brought something else than before session=%s", before.getSessionId());
                link.drop();
            } else if (streams.now() - since > OLDEST.toNanos()) {
                // The initiator brings it on another link, past the manager.
                link.finish();
            } else {
                greeted.accept(link, frame);
            }
        }

        @Override
        public void rests(CarryLink link) {
            link.hand(this);
            resting.add(link);
        }

        @Override
        public void ready(CarryLink link) {}

        @Override
        public void over(CarryLink link, @Nullable Throwable cause) {
            resting.remove(link);
        }
    }

    private static boolean samePlace(StreamFrame.Open one, StreamFrame.Open other) {
        Optional<Place> place = place(one);
        return place.isPresent() && place.equals(place(other));
    }

    private static Optional<Place> place(StreamFrame.Open open) {
        try {
            return Optional.of(Place.of(open, open.getSessionId()));
        } catch (MalformedFrame malformed) {
            return Optional.empty();
        }
    }
}
