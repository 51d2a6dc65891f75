package dev.telepath.manager.watch;

import java.util.function.Supplier;

/**
 * A value that is worked out of things that change on several threads, kept as it came out last. Thread-safe;
 * {@link #now} does not block.
 */
public final class Derived<T> {
    private final Supplier<T> source;
    private final Changes changes = new Changes();
    private volatile T current;

    /**
     * @param first until it is worked out
     * @param source works it out, from what there is at that moment; must not block on another thread
     */
    public Derived(T first, Supplier<T> source) {
        this.current = first;
        this.source = source;
    }

    /**
     * Works it out again, and tells when it is another. To be called after each change of what it is worked out of.
     *
     * @return whether it is another
     */
    public boolean look() {
        // One at a time from the first to the last step: of two at once, the one that saw less could else be the last
        // to tell.
        synchronized (this) {
            T next = source.get();
            if (next.equals(current)) {
                return false;
            }
            current = next;
        }
        changes.fire();
        return true;
    }

    /** As it came out last. */
    public T now() {
        return current;
    }

    /** Fires when it is another. */
    public Changes changes() {
        return changes;
    }
}
