package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;

/**
 * A datagram between a program and the UDP relay: a header that names the far end, then the payload (RFC 1928, section
 * 7). Pure.
 *
 * @param far where it goes, or comes from
 */
record SocksDatagram(SocksAddress far, ByteString payload) {
    private static final byte[] START = {0, 0, 0};

    /** Bytes of the largest header. */
    static final int MAX_HEADER = START.length + SocksAddress.MOST;

    /**
     * Reads one. Copies the payload; the buffer is left to its owner.
     *
     * @return empty for what is to be dropped: damaged, without destination, or a fragment, as RFC 1928 asks of those who
     *     do not put fragments together
     */
    static Optional<SocksDatagram> read(ByteBuf bytes) {
        int at = bytes.readerIndex();
        if (bytes.readableBytes() < START.length + 2
                || bytes.getShort(at) != 0
                || bytes.getByte(at + START.length - 1) != 0) {
            return Optional.empty();
        }
        int length = SocksAddress.length(bytes, at + START.length);
        if (length < 0 || bytes.readableBytes() < START.length + length) {
            return Optional.empty();
        }
        bytes.skipBytes(START.length);
        SocksAddress far = SocksAddress.read(bytes);
        if (!far.isDestination()) {
            return Optional.empty();
        }
        byte[] payload = new byte[bytes.readableBytes()];
        bytes.readBytes(payload);
        return Optional.of(new SocksDatagram(far, UnsafeByteOperations.unsafeWrap(payload)));
    }

    /** Bytes of all of it. */
    int size() {
        return START.length + far.named().size() + payload.size();
    }

    /** As it is sent. */
    ByteBuf write() {
        return Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(START),
                Unpooled.wrappedBuffer(far.named().asReadOnlyByteBuffer()),
                Unpooled.wrappedBuffer(payload.asReadOnlyByteBuffer()));
    }
}
