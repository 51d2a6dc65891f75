package dev.telepath.manager.watch;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Something that changes. Says only that it did; who wants to know looks for itself. Thread-safe. */
public final class Changes {
    private final Set<Runnable> listeners = ConcurrentHashMap.newKeySet();

    /** Tells all listeners, on the calling thread. Not to be called with a lock held. */
    public void fire() {
        listeners.forEach(Runnable::run);
    }

    /** Adds a listener, which must return quickly. */
    public void listen(Runnable listener) {
        listeners.add(listener);
    }

    /** Removes a listener. */
    public void ignore(Runnable listener) {
        listeners.remove(listener);
    }

    /** Listeners now. */
    public int listeners() {
        return listeners.size();
    }
}
