package dev.telepath.tunnel.memory;

/**
 * Decides when a collection is worth its pause: much may be garbage, and hardly anything is made. Pure but for what it remembers; one
 * thread.
 */
final class IdleHeap {
    /** What is made of garbage between two looks by heartbeats, scrapes and watches alone, and some more. */
    static final long IDLE = 4L << 20;
    /** Less is not worth a pause. */
    static final long WORTH = 16L << 20;

    private long before = Long.MAX_VALUE;
    private long live;

    /**
     * Looks once.
     *
     * @param used bytes of the heap now, garbage included
     * @return whether to collect now; {@link #collected} follows then
     */
    boolean look(long used) {
        long made = used - before;
        before = used;
        // Less than before: the runtime has collected by itself, and some of what is left may be garbage still.
        live = Math.min(live, used);
        return made >= 0 && made < IDLE && used - live >= WORTH;
    }

    /**
     * @param used bytes of the heap after a collection: what lives
     */
    void collected(long used) {
        before = used;
        live = used;
    }
}
