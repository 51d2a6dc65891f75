package dev.telepath.tunnel.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder.Cumulator;
import io.netty.handler.ssl.SslHandler;

/**
 * Gathers what has come of TLS records in arrays, each byte copied once. Java's engine opens records in arrays: those of a direct buffer it
 * copies there and back piece by piece, after Netty has copied them behind the rest of the record before. Stateless.
 */
public final class RecordBytes implements Cumulator {
    static final RecordBytes ARRAYS = new RecordBytes();

    private RecordBytes() {}

    /** Has the first TLS of a pipeline, if it has any, gather in arrays from the next read on. On the channel's loop. */
    public static void gather(ChannelPipeline pipeline) {
        SslHandler tls = pipeline.get(SslHandler.class);
        if (tls != null) {
            gather(tls);
        }
    }

    /** The same for one that is in no pipeline yet, or by itself. */
    public static void gather(SslHandler tls) {
        tls.setCumulator(ARRAYS);
    }

    @Override
    public ByteBuf cumulate(ByteBufAllocator allocator, ByteBuf before, ByteBuf in) {
        if (before == in) {
            // Retained once for each of the two.
            in.release();
            return before;
        }
        if (!before.isReadable() && in.hasArray()) {
            before.release();
            return in;
        }
        try {
            int length = in.readableBytes();
            if (before.hasArray() && before.refCnt() == 1 && !before.isReadOnly() && before.writableBytes() >= length) {
                return before.writeBytes(in);
            }
            ByteBuf all = allocator.heapBuffer(before.readableBytes() + length);
            all.writeBytes(before).writeBytes(in);
            before.release();
            return all;
        } finally {
            in.release();
        }
    }
}
