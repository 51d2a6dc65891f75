package dev.telepath.manager.wire;

import io.vertx.core.buffer.Buffer;

/** Follows the messages of a call through its chunks, without keeping anything of them. Not thread-safe. */
final class MessageTally {
    private final MessagePrefix prefix = new MessagePrefix();
    private int left;

    /**
     * Counts a chunk.
     *
     * @throws io.grpc.StatusRuntimeException when a message in it is compressed or too long
     */
    void add(Buffer chunk) {
        int at = 0;
        while (at < chunk.length()) {
            if (left > 0) {
                int passed = Math.min(left, chunk.length() - at);
                left -= passed;
                at += passed;
            } else {
                at = prefix.take(chunk, at);
                if (prefix.whole()) {
                    left = prefix.finish();
                }
            }
        }
    }

    /** Whether the last message is whole. */
    boolean atBoundary() {
        return left == 0 && prefix.empty();
    }
}
