package dev.telepath.client.memory;

/**
 * Decides when it is worth to give memory back: more is taken than an idle daemon needs, and hardly anything more is being taken. Pure
 * but for what it remembers; one thread.
 */
final class Stillness {
    /** What two looks may differ by while nothing happens but heartbeats, in bytes. */
    static final long STILL = 1L << 20;
    /** Less is not worth a collection and the faults that bring back what is used: some minutes of heartbeats. */
    static final long WORTH = 4L << 20;

    private long before = Long.MIN_VALUE / 2;
    private long used;
    private boolean settling;

    /**
     * Looks once.
     *
     * @param resident bytes in memory now
     * @return whether to give back now
     */
    boolean look(long resident) {
        boolean still = Math.abs(resident - before) < STILL;
        before = resident;
        if (!still) {
            return false;
        }
        if (settling) {
            // What came back is what an idle daemon uses.
            settling = false;
            used = resident;
            return false;
        }
        settling = resident - used >= WORTH;
        return settling;
    }
}
