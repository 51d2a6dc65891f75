package dev.telepath.client.kubernetes;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Whole WebSocket frames of a client, masked as RFC 6455 asks. Pure. */
final class ForwardFrames {
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int BINARY = 0x2;
    private static final int PONG = 0xA;
    private static final int MOST_HEAD = 14;

    private ForwardFrames() {}

    /** A binary message of one channel; the bytes are copied once. */
    static ByteBuf data(ByteBufAllocator alloc, int channel, ByteBuf bytes, int mask) {
        int length = 1 + bytes.readableBytes();
        ByteBuf frame = head(alloc, BINARY, length, mask);
        frame.writeByte(channel ^ (mask >>> 24));
        // The mask goes on where the channel's byte left it.
        masked(bytes, Integer.rotateLeft(mask, 8), frame);
        return frame;
    }

    static ByteBuf pong(ByteBufAllocator alloc, ByteBuf bytes, int mask) {
        ByteBuf frame = head(alloc, PONG, bytes.readableBytes(), mask);
        masked(bytes, mask, frame);
        return frame;
    }

    private static ByteBuf head(ByteBufAllocator alloc, int opcode, int length, int mask) {
        ByteBuf frame = alloc.buffer(MOST_HEAD + length);
        frame.writeByte(FINAL | opcode);
        if (length < 126) {
            frame.writeByte(MASKED | length);
        } else if (length < 1 << 16) {
            frame.writeByte(MASKED | 126).writeShort(length);
        } else {
            frame.writeByte(MASKED | 127).writeLong(length);
        }
        return frame.writeInt(mask);
    }

    private static void masked(ByteBuf from, int mask, ByteBuf to) {
        long wide = (long) mask << 32 | mask & 0xFFFFFFFFL;
        int at = from.readerIndex();
        int end = from.writerIndex();
        for (; at + 8 <= end; at += 8) {
            to.writeLong(from.getLong(at) ^ wide);
        }
        for (int turn = 24; at < end; at++, turn -= 8) {
            to.writeByte(from.getByte(at) ^ (mask >>> (turn & 31)));
        }
    }
}
