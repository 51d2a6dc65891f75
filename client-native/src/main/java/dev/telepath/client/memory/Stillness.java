package dev.telepath.client.memory;

/**
 * Decides when it is worth to drop what only the start needed: much of the file is in memory, and nothing more of it is being used. Pure
 * but for what it remembers; one thread.
 */
final class Stillness {
    /** What two looks may differ by while nothing happens, in bytes. */
    static final long STILL = 1L << 20;
    /** Less is not worth the faults that bring back what is used. */
    static final long WORTH = 16L << 20;

    private long before = Long.MIN_VALUE / 2;
    private long used;
    private boolean settling;

    /**
     * Looks once.
     *
     * @param resident bytes of files that are in memory now
     * @return whether to drop them now
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
