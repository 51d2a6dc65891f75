package dev.telepath.tunnel.resume;

/** How many bytes the other edge may be ahead of the local socket. Used on the stream's thread. */
public interface Window {
    /** Bytes, now; at least one frame. May change at any time; credit that was given is never taken back. */
    long size();

    /** The other edge ran out of credit while the local socket kept up: a larger window would be faster. */
    default void wanting() {}

    /** Bytes that this edge itself keeps for replay at most, whatever credit the other one gives; at least one frame. */
    default long most() {
        return Long.MAX_VALUE / 2;
    }

    /** A window that never changes. */
    static Window of(long size) {
        return () -> size;
    }
}
