package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;

/**
 * What was read from the local socket and is not yet acknowledged, by offset. Bounded by the credit that the other edge
 * gave: nobody appends beyond it. Confined to the stream's thread.
 */
final class ReplayBuffer {
    private final ArrayDeque<ByteString> chunks = new ArrayDeque<>();
    private long start;
    private long end;

    /** Offset of the first byte kept. */
    long start() {
        return start;
    }

    /** Offset after the last byte. */
    long end() {
        return end;
    }

    void append(ByteString bytes) {
        if (!bytes.isEmpty()) {
            chunks.add(bytes);
            end += bytes.size();
        }
    }

    /** Forgets everything before the offset, which lies between start and end. */
    void release(long offset) {
        while (!chunks.isEmpty() && start + chunks.getFirst().size() <= offset) {
            start += chunks.removeFirst().size();
        }
        if (offset > start && !chunks.isEmpty()) {
            ByteString first = chunks.removeFirst();
            chunks.addFirst(first.substring((int) (offset - start)));
            start = offset;
        }
    }

    /** Up to {@code most} bytes from the offset on, which lies between start and end; empty at the end. */
    ByteString from(long offset, int most) {
        long at = start;
        for (ByteString chunk : chunks) {
            if (offset < at + chunk.size()) {
                int begin = (int) (offset - at);
                return chunk.substring(begin, Math.min(chunk.size(), begin + most));
            }
            at += chunk.size();
        }
        return ByteString.EMPTY;
    }

    void clear() {
        chunks.clear();
        start = end;
    }
}
