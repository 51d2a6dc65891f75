package dev.telepath.tunnel.net;

import dev.telepath.tunnel.frame.FrameCodec;
import io.netty.channel.ChannelConfig;
import io.netty.channel.FixedRecvByteBufAllocator;
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

    /** The buffer lives from the read to its copy, so a full frame's costs an idle stream nothing. */
    @Override
    public Handle newHandle() {
        return new Reads(new FixedRecvByteBufAllocator(FrameCodec.MAX_DATA).newHandle());
    }

    private final class Reads extends DelegatingHandle {
        private int reads;

        Reads(Handle one) {
            super(one);
        }

        @Override
        public void reset(ChannelConfig config) {
            super.reset(config);
            reads = 0;
        }

        @Override
        public void incMessagesRead(int more) {
            super.incMessagesRead(more);
            reads += more;
        }

        /** Netty's own goes on only for channels that read by themselves. */
        @Override
        public boolean continueReading() {
            return lastBytesRead() > 0
                    && lastBytesRead() == attemptedBytesRead()
                    && reads < MOST
                    && wanted.getAsBoolean();
        }
    }
}
