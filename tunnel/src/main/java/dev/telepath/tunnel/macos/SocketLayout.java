package dev.telepath.tunnel.macos;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * How a system lays out the address of a Unix socket and the control message that carries a descriptor. Pure. Other systems than macOS
 * are for tests, which can so pass a real descriptor by the same calls.
 *
 * @param addressHasLength whether an address begins with its length in a byte, before the family in another
 * @param headerBytes of a {@code cmsghdr}, whose last 8 are level and type
 * @param socketLevel SOL_SOCKET
 */
record SocketLayout(boolean addressHasLength, int headerBytes, int socketLevel) {
    static final SocketLayout MACOS = new SocketLayout(true, 12, 0xffff);

    static final int AF_UNIX = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MOST_PATH = 104;
    private static final int DESCRIPTOR = 4;

    /**
     * A {@code sockaddr_un}.
     *
     * @throws IllegalArgumentException when the path has more than 103 bytes
     */
    byte[] address(Path path) {
        byte[] text = path.toString().getBytes(StandardCharsets.UTF_8);
        if (text.length >= MOST_PATH) {
            throw new IllegalArgumentException(path + " has more than " + (MOST_PATH - 1) + " bytes");
        }
        ByteBuffer address = buffer(2 + text.length + 1);
        if (addressHasLength) {
            address.put((byte) address.capacity()).put((byte) AF_UNIX);
        } else {
            address.putShort((short) AF_UNIX);
        }
        return address.put(text).array();
    }

    /** Bytes of a control message with one descriptor. */
    int messageBytes() {
        return headerBytes + DESCRIPTOR;
    }

    /** A control message that carries a descriptor. */
    byte[] message(int descriptor) {
        ByteBuffer message = buffer(messageBytes());
        // The length has 8 bytes on some systems; the low ones come first on all of ours.
        message.putInt(0, messageBytes());
        message.putInt(headerBytes - 8, socketLevel);
        message.putInt(headerBytes - 4, SCM_RIGHTS);
        message.putInt(headerBytes, descriptor);
        return message.array();
    }

    /**
     * The descriptor of a control message as it was received.
     *
     * @param length bytes that the system has filled
     * @return empty when there is none
     */
    OptionalInt descriptor(byte[] message, int length) {
        if (length < messageBytes()) {
            return OptionalInt.empty();
        }
        ByteBuffer read = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
        boolean rights = read.getInt(0) == messageBytes()
                && read.getInt(headerBytes - 8) == socketLevel
                && read.getInt(headerBytes - 4) == SCM_RIGHTS;
        return rights ? OptionalInt.of(read.getInt(headerBytes)) : OptionalInt.empty();
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
