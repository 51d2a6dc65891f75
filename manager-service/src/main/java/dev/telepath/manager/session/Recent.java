package dev.telepath.manager.session;

import java.util.LinkedHashSet;

/** The latest of many ids. Thread-safe. */
final class Recent {
    private final int most;
    private final LinkedHashSet<String> ids = new LinkedHashSet<>();

    Recent(int most) {
        this.most = most;
    }

    synchronized void add(String id) {
        ids.remove(id);
        ids.add(id);
        if (ids.size() > most) {
            ids.removeFirst();
        }
    }

    synchronized boolean contains(String id) {
        return ids.contains(id);
    }
}
