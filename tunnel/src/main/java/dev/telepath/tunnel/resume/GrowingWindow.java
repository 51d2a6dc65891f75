package dev.telepath.tunnel.resume;

/**
 * A window that doubles each time it was what held the other edge up, so that it comes to bandwidth times delay, and that
 * falls to its least while the process is short of memory.
 */
public final class GrowingWindow implements Window {
    private final long least;
    private final long most;
    private final Budget budget;
    private long current;

    /**
     * @param first bytes at the beginning
     * @param most bytes it may grow to, at least {@code first}
     */
    public GrowingWindow(long first, long most, Budget budget) {
        this.least = Math.min(first, Budget.LEAST_WINDOW);
        this.current = first;
        this.most = most;
        this.budget = budget;
    }

    @Override
    public long size() {
        return budget.tight() ? least : current;
    }

    @Override
    public void wanting() {
        if (!budget.tight()) {
            current = Math.min(most, 2 * current);
        }
    }

    @Override
    public long most() {
        return most;
    }
}
