package dev.telepath.harness.fault;

/** How a {@link FaultProxy} ends the connections it carries. Bytes it still held are dropped. */
public enum Cut {
    /** Both sides see a reset (RST). */
    RESET,
    /** Both sides see the end of the stream (FIN), as when a peer closes in order. */
    FINISH
}
