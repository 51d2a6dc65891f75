package dev.telepath.manager.wire;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.vertx.core.buffer.Buffer;

/** The five bytes in front of a gRPC message, taken from wherever the chunks cut them. Not thread-safe. */
final class MessagePrefix {
    /** The most bytes of one message, as everywhere in the manager. */
    static final int MOST = 4 * 1024 * 1024;

    private static final int SIZE = 5;

    private int compressed;
    private long length;
    private int seen;

    /** Whether nothing of a prefix was taken since the last one was whole. */
    boolean empty() {
        return seen == 0;
    }

    /**
     * Takes what it needs of a chunk.
     *
     * @return the position behind it in the chunk; the prefix may need more
     */
    int take(Buffer chunk, int from) {
        int at = from;
        while (seen < SIZE && at < chunk.length()) {
            int next = chunk.getByte(at++) & 0xff;
            if (seen == 0) {
                compressed = next;
            } else {
                length = length << 8 | next;
            }
            seen++;
        }
        return at;
    }

    boolean whole() {
        return seen == SIZE;
    }

    /**
     * The length of the message, in bytes, and the start of the next prefix. Only when it is whole.
     *
     * @throws io.grpc.StatusRuntimeException UNIMPLEMENTED when the message is compressed, RESOURCE_EXHAUSTED when it is
     *     longer than {@link #MOST}
     */
    int finish() {
        long found = length;
        int flag = compressed;
        seen = 0;
        length = 0;
        if (flag != 0) {
            throw compressed();
        }
        if (found > MOST) {
            throw Status.RESOURCE_EXHAUSTED
                    .withDescription("a message of " + found + " bytes, the most is " + MOST)
                    .asRuntimeException();
        }
        return (int) found;
    }

    /** What a peer is told that compresses. */
    static StatusRuntimeException compressed() {
        return Status.UNIMPLEMENTED
                .withDescription("messages of this call cannot be compressed, send them as they are")
                .asRuntimeException();
    }

    /** Puts that of a message of so many bytes in front of it. */
    static void put(byte[] bytes, int length) {
        bytes[0] = 0;
        bytes[1] = (byte) (length >>> 24);
        bytes[2] = (byte) (length >>> 16);
        bytes[3] = (byte) (length >>> 8);
        bytes[4] = (byte) length;
    }

    static int size() {
        return SIZE;
    }
}
