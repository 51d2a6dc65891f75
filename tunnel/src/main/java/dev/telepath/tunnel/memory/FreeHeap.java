package dev.telepath.tunnel.memory;

import org.graalvm.nativeimage.RuntimeOptions;

/**
 * How much of what a collection frees an executable keeps for what comes next. What it gives back, the system clears and maps again page by page
 * as it is used: under load a fifth of all that a daemon did (docs/benchmarks-runs.md).
 */
public enum FreeHeap {
    /** As large as the young generation of a program at work, so that nothing is given back between two collections. */
    BUSY(64L << 20),
    /** Of an agent at work, which is beside every pod: so much less in memory is worth some pages that are mapped again. */
    SIDECAR(8L << 20),
    /** What an idle program makes of garbage within minutes. */
    IDLE(2L << 20);

    /** Of GraalVM's serial collector; looked at in each collection. */
    private static final String MOST = "MaxHeapFree";

    private final long bytes;

    FreeHeap(long bytes) {
        this.bytes = bytes;
    }

    /** Collects now, and keeps only what an idle program needs; the next collections keep this much again. In executables alone. */
    public void collectWhileIdle() {
        IDLE.keep();
        System.gc();
        keep();
    }

    /** From the next collection on. In executables alone. */
    public void keep() {
        RuntimeOptions.set(MOST, bytes);
    }
}
