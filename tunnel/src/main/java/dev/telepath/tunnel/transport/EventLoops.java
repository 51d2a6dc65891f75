package dev.telepath.tunnel.transport;

/** How many event loops a program has for bytes. Pure but for the number of processors, which containers may limit. */
public final class EventLoops {
    /** Up to here what a hand-over from loop to loop costs is more than a second loop brings (docs/benchmarks-runs.md). */
    private static final int FEW_PROCESSORS = 2;

    private EventLoops() {}

    /**
     * The number for this machine.
     *
     * @param asked what the user asked for; 0 = one where there are few processors, else one for each
     */
    public static int number(int asked) {
        return number(asked, Runtime.getRuntime().availableProcessors());
    }

    static int number(int asked, int processors) {
        if (asked > 0) {
            return asked;
        }
        return processors <= FEW_PROCESSORS ? 1 : processors;
    }
}
