package dev.telepath.tunnel.frame;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Arrays for bytes in bulk, used again: a fresh one for each frame costs a daemon under load more than its encryption, in clearing, collecting and
 * mapping memory (docs/benchmarks-runs.md). One that nobody gives back is garbage as any other, and so are all that are free when the runtime
 * collects. Thread-safe.
 */
public final class Blocks {
    /** Bytes below which they get an array of their own size: so what is kept in blocks takes at most twice what it is counted as. */
    public static final int LEAST = 16 * 1024;

    /** A full frame and what is around it in a message. */
    private static final int MESSAGE = FrameCodec.MAX_DATA + 256;

    /** The same, and a mark by which a block is known. */
    static final int LENGTH = MESSAGE + Long.BYTES;

    /** Free ones that are kept, 4 MiB. */
    private static final int MOST = 128;

    /** No array of others with the same length ends in it. */
    private final long mark = System.nanoTime() * 0x9E3779B97F4A7C15L | 1;

    private volatile WeakReference<Queue<byte[]>> free = new WeakReference<>(null);

    /** A block for bytes that are to be read, from its first byte on. */
    public Block lend() {
        return new Block(this, array(MESSAGE), 0, FrameCodec.MAX_DATA);
    }

    /**
     * An array for a message of that length: one of these blocks where that is worth it, in which the message is only a part; what was in it before is
     * still there.
     */
    public byte[] array(int length) {
        if (length < LEAST || length > MESSAGE) {
            return new byte[length];
        }
        Queue<byte[]> kept = free.get();
        byte[] again = kept == null ? null : kept.poll();
        return again == null ? fresh() : again;
    }

    /**
     * The first bytes of an array of {@link #array}, to be written: with the last reference to them it is given back, if it is a block.
     */
    public ByteBuf write(byte[] array, int length) {
        return isOurs(array) ? new Block(this, array, 0, length).write() : Unpooled.wrappedBuffer(array, 0, length);
    }

    private byte[] fresh() {
        byte[] array = new byte[LENGTH];
        ByteBuffer.wrap(array).putLong(MESSAGE, mark);
        return array;
    }

    private boolean isOurs(byte[] array) {
        return array.length == LENGTH && ByteBuffer.wrap(array).getLong(MESSAGE) == mark;
    }

    /**
     * The block that a message was read into by {@link #array}, of which these bytes are the only part that anybody still looks at; null when they are in
     * none.
     */
    public @Nullable Block of(ByteString bytes) {
        var whole = new Whole();
        try {
            UnsafeByteOperations.unsafeWriteTo(bytes, whole);
        } catch (IOException never) {
            throw new IllegalStateException(never);
        }
        byte[] array = whole.array;
        return array == null || !isOurs(array) ? null : new Block(this, array, whole.offset, bytes.size());
    }

    /** Bytes of those that are free now, 4 MiB at most. */
    public long kept() {
        Queue<byte[]> kept = free.get();
        return kept == null ? 0 : (long) kept.size() * LENGTH;
    }

    void free(byte[] array) {
        Queue<byte[]> kept = free.get();
        if (kept == null) {
            kept = new ArrayBlockingQueue<>(MOST);
            free = new WeakReference<>(kept);
        }
        // One too many is garbage.
        var _ = kept.offer(array);
    }

    /** Where bytes lie, if in one array. */
    private static final class Whole extends ByteOutput {
        private byte @Nullable [] array;
        private int offset;

        @Override
        public void writeLazy(byte[] value, int from, int length) {
            array = array == null ? value : new byte[0];
            offset = from;
        }

        @Override
        public void write(byte[] value, int from, int length) {
            array = new byte[0];
        }

        @Override
        public void write(byte value) {
            array = new byte[0];
        }

        @Override
        public void write(ByteBuffer value) {
            array = new byte[0];
        }

        @Override
        public void writeLazy(ByteBuffer value) {
            array = new byte[0];
        }
    }
}
