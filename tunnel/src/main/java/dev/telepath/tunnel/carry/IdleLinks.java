package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.StreamFrame;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An initiator's links whose stream is over, for its next stream to the same place: that needs no call at either edge, and
 * nothing of the manager. One that nobody takes for some seconds is ended, and one of a certain age is not kept, since the
 * manager looks at a link only when it begins.
 *
 * <p>Confined to the streams' event loop.
 */
final class IdleLinks implements CarryLink.Owner {
    /** How long a link is kept that nobody takes. */
    static final Duration KEPT = Duration.ofSeconds(5);
    /** How old a link may be when it gets its last stream; well below {@link GreetedLinks#OLDEST}, so that they do not cross. */
    static final Duration OLDEST = Duration.ofSeconds(45);

    private static final Duration LOOK = Duration.ofSeconds(1);

    private final CarriedStreams streams;
    /** Newest first, so that those which are too many grow old. */
    private final Map<Place, Deque<CarryLink>> places = new HashMap<>();
    /** Where each is to, and since when it rests; oldest first. */
    private final Map<CarryLink, Idle> idle = new LinkedHashMap<>();

    private boolean looking;

    private record Idle(Place place, long since) {}

    IdleLinks(CarriedStreams streams) {
        this.streams = streams;
    }

    void keep(CarryLink link, Place place) {
        long now = streams.now();
        int most = streams.settings().idleLinks();
        if (most == 0 || now - link.since() > OLDEST.toNanos()) {
            link.finish();
            return;
        }
        if (idle.size() >= most) {
            end(idle.keySet().iterator().next());
        }
        link.handBehindGoodbye(this);
        idle.put(link, new Idle(place, now));
        places.computeIfAbsent(place, _ -> new ArrayDeque<>(2)).addFirst(link);
        streams.resting(1);
        look();
    }

    /** The link that rests there for the shortest time; whoever takes it hands it on. */
    @Nullable
    CarryLink take(Place place) {
        Deque<CarryLink> there = places.get(place);
        while (there != null && !there.isEmpty()) {
            CarryLink link = there.getFirst();
            remove(link);
            if (link.carries()) {
                streams.reused();
                return link;
            }
        }
        return null;
    }

    /** Now and then while there are any. */
    private void look() {
        if (!looking) {
            looking = true;
            streams.loop().schedule(this::expire, LOOK.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void expire() {
        looking = false;
        long now = streams.now();
        var late = idle.entrySet().stream()
                .filter(each -> now - each.getValue().since() > KEPT.toNanos()
                        || now - each.getKey().since() > OLDEST.toNanos())
                .map(Map.Entry::getKey)
                .toList();
        late.forEach(this::end);
        if (!idle.isEmpty()) {
            look();
        }
    }

    void clear() {
        List.copyOf(idle.keySet()).forEach(this::end);
    }

    private void end(CarryLink link) {
        remove(link);
        link.finish();
    }

    private void remove(CarryLink link) {
        Idle as = idle.remove(link);
        if (as == null) {
            return;
        }
        streams.resting(-1);
        Deque<CarryLink> there = places.get(as.place());
        if (there != null) {
            there.remove(link);
            if (there.isEmpty()) {
                places.remove(as.place());
            }
        }
    }

    @Override
    public void frame(CarryLink link, StreamFrame frame) {
        // Nothing follows the goodbye to the stream before.
        remove(link);
        link.drop();
    }

    @Override
    public void ready(CarryLink link) {}

    @Override
    public void over(CarryLink link, @Nullable Throwable cause) {
        remove(link);
    }
}
