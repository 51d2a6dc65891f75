package dev.telepath.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Messages as they go over a connection: each with its length in front. */
public final class TcpMessages {
    /** The largest message that TCP carries, in bytes. */
    public static final int MOST = 65_535;

    private TcpMessages() {}

    /** A message of at most {@link #MOST} bytes with its length in front. */
    public static ByteBuf framed(byte[] message) {
        return Unpooled.buffer(2 + message.length).writeShort(message.length).writeBytes(message);
    }
}
