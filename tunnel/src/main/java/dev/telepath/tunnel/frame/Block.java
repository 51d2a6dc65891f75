package dev.telepath.tunnel.frame;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The array that a frame's bytes lie in. Whoever is the last to look at them gives it back; who hands the same bytes to several hands on none.
 *
 * <p>Confined to whoever has the frame.
 */
public final class Block {
    private final Blocks home;
    private final int offset;
    private int length;
    private byte @Nullable [] array;

    Block(Blocks home, byte[] array, int offset, int length) {
        this.home = home;
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /**
     * Reads bytes into it.
     *
     * @param from at most {@link FrameCodec#MAX_DATA}; all are read
     * @return they, until the block is given back
     */
    public ByteString fill(ByteBuf from) {
        byte[] into = held();
        length = from.readableBytes();
        from.readBytes(into, offset, length);
        return UnsafeByteOperations.unsafeWrap(into, offset, length);
    }

    /** Its bytes, to be written: with the last reference the block is given back. */
    public ByteBuf write() {
        return new Writing(this).setIndex(offset, offset + length);
    }

    /** Nobody looks at its bytes any more. Idempotent. */
    public void free() {
        byte[] given = array;
        if (given != null) {
            array = null;
            home.free(given);
        }
    }

    private byte[] held() {
        byte[] here = array;
        if (here == null) {
            throw new IllegalStateException("the block was given back");
        }
        return here;
    }

    private static final class Writing extends UnpooledHeapByteBuf {
        private final Block block;

        Writing(Block block) {
            super(UnpooledByteBufAllocator.DEFAULT, block.held(), Blocks.LENGTH);
            this.block = block;
        }

        @Override
        protected void freeArray(byte[] array) {
            block.free();
        }
    }
}
