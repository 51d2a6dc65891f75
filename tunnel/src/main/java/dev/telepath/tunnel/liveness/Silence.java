package dev.telepath.tunnel.liveness;

/**
 * Counts intervals without a sign of life. Counts, not measures: a program that itself stood still for a while finds one
 * interval gone and what its peer sent meanwhile still to be read. Confined to one loop.
 */
final class Silence {
    private final int most;
    private int intervals;

    /**
     * @param most intervals after which it has lasted too long, at least one
     */
    Silence(int most) {
        this.most = most;
    }

    void heard() {
        intervals = 0;
    }

    /** An interval is over. Whether it is too long now. */
    boolean lasts() {
        return ++intervals >= most;
    }
}
