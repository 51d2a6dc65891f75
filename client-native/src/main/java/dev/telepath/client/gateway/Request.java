package dev.telepath.client.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** What a connection to the gateway begins with: a kind, the length of what is asked in two bytes, and that. */
sealed interface Request {
    int STREAM = 1;
    int DATAGRAMS = 2;
    int QUESTION = 3;
    int HEADER = 3;

    /** A TCP connection. */
    record Stream(InetSocketAddress destination) implements Request {}

    /** An exchange of datagrams. */
    record Datagrams(InetSocketAddress destination) implements Request {}

    /** A DNS message, of which the answer may have so many bytes. */
    @SuppressWarnings("ArrayRecordComponent")
    record Question(byte[] message, int most) implements Request {}

    /** The bytes of it. */
    default ByteBuf write() {
        return switch (this) {
            case Stream(InetSocketAddress to) -> destination(STREAM, to);
            case Datagrams(InetSocketAddress to) -> destination(DATAGRAMS, to);
            case Question(byte[] message, int most) ->
                Unpooled.buffer(HEADER + 2 + message.length)
                        .writeByte(QUESTION)
                        .writeShort(2 + message.length)
                        .writeShort(most)
                        .writeBytes(message);
        };
    }

    private static ByteBuf destination(int kind, InetSocketAddress to) {
        byte[] address = to.getAddress().getAddress();
        return Unpooled.buffer(HEADER + address.length + 2)
                .writeByte(kind)
                .writeShort(address.length + 2)
                .writeBytes(address)
                .writeShort(to.getPort());
    }

    /**
     * Consumes one, if it is there whole.
     *
     * @throws IllegalArgumentException when it is none
     */
    static Optional<Request> read(ByteBuf bytes) {
        int at = bytes.readerIndex();
        if (bytes.readableBytes() < HEADER || bytes.readableBytes() < HEADER + bytes.getUnsignedShort(at + 1)) {
            return Optional.empty();
        }
        int kind = bytes.readByte();
        byte[] content = new byte[bytes.readUnsignedShort()];
        bytes.readBytes(content);
        return Optional.of(
                switch (kind) {
                    case STREAM -> new Stream(address(content));
                    case DATAGRAMS -> new Datagrams(address(content));
                    case QUESTION -> question(content);
                    default -> throw new IllegalArgumentException("a request of the unknown kind " + kind);
                });
    }

    private static Question question(byte[] content) {
        if (content.length < 2) {
            throw new IllegalArgumentException("a question of " + content.length + " bytes");
        }
        ByteBuf in = Unpooled.wrappedBuffer(content);
        int most = in.readUnsignedShort();
        byte[] message = new byte[in.readableBytes()];
        in.readBytes(message);
        return new Question(message, most);
    }

    private static InetSocketAddress address(byte[] content) {
        if (content.length != 6 && content.length != 18) {
            throw new IllegalArgumentException("an address of " + (content.length - 2) + " bytes");
        }
        ByteBuf in = Unpooled.wrappedBuffer(content);
        byte[] address = new byte[content.length - 2];
        in.readBytes(address);
        try {
            return new InetSocketAddress(InetAddress.getByAddress(address), in.readUnsignedShort());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }
}
