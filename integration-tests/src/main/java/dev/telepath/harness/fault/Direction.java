package dev.telepath.harness.fault;

/** Which way bytes go through a {@link FaultProxy}. */
public enum Direction {
    /** From who connected to the target. */
    TO_TARGET,
    /** From the target to who connected. */
    TO_CALLER
}
