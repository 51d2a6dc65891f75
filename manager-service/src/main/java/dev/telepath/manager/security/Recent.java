package dev.telepath.manager.security;

import java.util.LinkedHashMap;
import java.util.Map;

/** The entries that were used last, a bounded number of them. Not thread-safe, not even for reading. */
final class Recent<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    private final int most;

    /**
     * @param most entries; the one that was not used for longest makes room
     */
    Recent(int most) {
        super(64, 0.75f, true);
        this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
    }
}
