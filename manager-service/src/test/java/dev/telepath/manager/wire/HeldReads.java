package dev.telepath.manager.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import java.nio.charset.StandardCharsets;

/** Keeps what the peer sends from now on, until it is passed all at once. */
final class HeldReads extends ChannelInboundHandlerAdapter {
    private final CompositeByteBuf bytes = Unpooled.compositeBuffer();
    private boolean passed;

    @Override
    public synchronized void channelRead(ChannelHandlerContext from, Object read) {
        if (passed) {
            from.fireChannelRead(read);
        } else {
            bytes.addComponent(true, (ByteBuf) read);
        }
    }

    synchronized String text() {
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    /** On the channel's event loop. */
    synchronized void pass(ChannelPipeline to) {
        passed = true;
        to.fireChannelRead(bytes);
        to.fireChannelReadComplete();
    }
}
