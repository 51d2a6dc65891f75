package dev.telepath.manager.watch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What changed between two keyed states.
 *
 * @param upserts new and changed entries
 * @param removals keys that are gone
 */
public record Delta<V>(Map<String, V> upserts, List<String> removals) {
    /** The change from one state to the other; the first (before is null) is told even when it is empty. */
    public static <V> Optional<Delta<V>> between(@Nullable Map<String, V> before, Map<String, V> now) {
        var upserts = new LinkedHashMap<String, V>();
        now.forEach((key, value) -> {
            if (before == null || !Objects.equals(before.get(key), value)) {
                upserts.put(key, value);
            }
        });
        var removals = new ArrayList<String>();
        if (before != null) {
            before.keySet().stream().filter(key -> !now.containsKey(key)).forEach(removals::add);
        }
        boolean nothing = before != null && upserts.isEmpty() && removals.isEmpty();
        return nothing ? Optional.empty() : Optional.of(new Delta<>(upserts, removals));
    }
}
