package dev.telepath.tunnel.net;

import dev.telepath.tunnel.frame.FrameCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import java.util.function.BooleanSupplier;

/**
 * Reads of a socket: one frame's worth at a time, and on while the socket fills it and more is asked for, so that what has
 * gathered goes on together. Each piece that goes by itself wakes every program on its way. For one channel, on its event
 * loop.
 */
final class BurstReads implements RecvByteBufAllocator {

    /** Reads before other channels have their turn. */
    private static final int MOST = 8;

    private BooleanSupplier wanted = () -> false;

    /** What says whether another read's worth of bytes has where to go. */
    void whileWanted(BooleanSupplier more) {
        wanted = more;
    }

    @Override
    public Handle newHandle() {
        return new Reads();
    }

    private final class Reads implements Handle {
        private int attempted;
        private int last;
        private int reads;

        /** The buffer lives from the read to its copy, so a full frame's costs an idle stream nothing. */
        @Override
        public ByteBuf allocate(ByteBufAllocator alloc) {
            return alloc.ioBuffer(FrameCodec.MAX_DATA);
        }

        @Override
        public int guess() {
            return FrameCodec.MAX_DATA;
        }

        @Override
        public void reset(ChannelConfig config) {
            reads = 0;
            last = 0;
        }

        @Override
        public void incMessagesRead(int numMessages) {
            reads += numMessages;
        }

        @Override
        public void lastBytesRead(int bytes) {
            last = bytes;
        }

        @Override
        public int lastBytesRead() {
            return last;
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            attempted = bytes;
        }

        @Override
        public int attemptedBytesRead() {
            return attempted;
        }

        @Override
        public boolean continueReading() {
            return last > 0 && last == attempted && reads < MOST && wanted.getAsBoolean();
        }

        @Override
        public void readComplete() {
            // Nothing is learned from one read for the next.
        }
    }
}
