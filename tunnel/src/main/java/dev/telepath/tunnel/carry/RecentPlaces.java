package dev.telepath.tunnel.carry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was found out of places a moment ago; the oldest is forgotten where there are too many.
 *
 * <p>Confined to the streams' event loop.
 */
final class RecentPlaces<V> {
    /** Destinations that one machine has in a minute are fewer. */
    static final int MOST = 1024;

    private final CarriedStreams streams;
    private final Duration kept;
    /** Oldest first. */
    private final Map<Place, Found<V>> places = new LinkedHashMap<>();

    /**
     * @param since when, as {@link CarriedStreams#now} says it
     */
    record Found<V>(V what, long since) {}

    /**
     * @param kept how long it counts
     */
    RecentPlaces(CarriedStreams streams, Duration kept) {
        this.streams = streams;
        this.kept = kept;
    }

    void put(Place place, V what) {
        places.remove(place);
        if (places.size() >= MOST) {
            places.remove(places.keySet().iterator().next());
        }
        places.put(place, new Found<>(what, streams.now()));
    }

    @Nullable
    Found<V> get(Place place) {
        Found<V> found = places.get(place);
        if (found != null && streams.now() - found.since() > kept.toNanos()) {
            places.remove(place);
            return null;
        }
        return found;
    }
}
