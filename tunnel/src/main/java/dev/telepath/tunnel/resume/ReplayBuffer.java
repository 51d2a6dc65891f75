package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.tunnel.frame.Block;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What was read from the local socket and is not yet acknowledged, by offset: first what was sent, then what was not.
 * Bounded by the credit that the other edge gave: nobody appends beyond it. Confined to the stream's thread.
 */
final class ReplayBuffer {
    private final ArrayDeque<ByteString> unacknowledged = new ArrayDeque<>(4);
    private final ArrayDeque<ByteString> unsent = new ArrayDeque<>(4);
    /** Of what is kept, where each ends; oldest first. */
    private final ArrayDeque<Lent> lent = new ArrayDeque<>(4);

    private long start;
    private long sent;
    private long end;

    private record Lent(long end, Block block) {}

    /** Offset of the first byte kept. */
    long start() {
        return start;
    }

    /** Offset of the first byte not sent. */
    long sent() {
        return sent;
    }

    /** Offset after the last byte. */
    long end() {
        return end;
    }

    /**
     * @param block given back when all of the bytes are released; not when they are cleared, since a call may still be writing them
     */
    void append(ByteString bytes, @Nullable Block block) {
        if (!bytes.isEmpty()) {
            unsent.add(bytes);
            end += bytes.size();
            if (block != null) {
                lent.add(new Lent(end, block));
            }
        }
    }

    /** Forgets everything before the offset, which is at most the end. An offset that is gone already changes nothing. */
    void release(long offset) {
        while (start < offset) {
            ArrayDeque<ByteString> from = unacknowledged.isEmpty() ? unsent : unacknowledged;
            ByteString first = from.removeFirst();
            long surplus = start + first.size() - offset;
            if (surplus > 0) {
                from.addFirst(first.substring((int) (first.size() - surplus)));
                start = offset;
            } else {
                start += first.size();
            }
        }
        sent = Math.max(sent, start);
        // What is acknowledged was written: links of before may write it once more, which nobody takes.
        while (!lent.isEmpty() && lent.getFirst().end() <= start) {
            lent.removeFirst().block().free();
        }
    }

    /** Nothing counts as sent any more. */
    void rewind() {
        while (!unacknowledged.isEmpty()) {
            unsent.addFirst(unacknowledged.removeLast());
        }
        sent = start;
    }

    /** The next bytes to send, at most that many, which count as sent from now on; empty when all are. */
    ByteString take(int most) {
        ByteString taken = ByteString.EMPTY;
        while (taken.size() < most && !unsent.isEmpty()) {
            ByteString first = unsent.removeFirst();
            int room = most - taken.size();
            if (first.size() > room) {
                unsent.addFirst(first.substring(room));
                first = first.substring(0, room);
            }
            unacknowledged.add(first);
            taken = taken.concat(first);
        }
        sent += taken.size();
        return taken;
    }

    void clear() {
        unacknowledged.clear();
        unsent.clear();
        lent.clear();
        start = end;
        sent = end;
    }
}
