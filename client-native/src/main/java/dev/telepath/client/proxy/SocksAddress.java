package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A host and port as SOCKS5 writes them: type, address or name, port (RFC 1928, section 5).
 *
 * @param host a name or the address as text; may be empty
 * @param port 0 to 65535
 * @param named the bytes as they came, type first
 */
record SocksAddress(String host, int port, ByteString named) {
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    /** The most bytes that one takes: a name's length is a byte of its own. */
    static final int MOST = 1 + 1 + 255 + 2;

    /**
     * How many bytes the one takes that begins at an index; -1 where the type is not known.
     *
     * @param at index of the type; the byte after it is there too
     */
    static int length(ByteBuf bytes, int at) {
        return switch (bytes.getByte(at)) {
            case IPV4 -> 1 + 4 + 2;
            case NAME -> 1 + 1 + bytes.getUnsignedByte(at + 1) + 2;
            case IPV6 -> 1 + 16 + 2;
            default -> -1;
        };
    }

    /** Consumes one that is there whole, as {@link #length} says. */
    static SocksAddress read(ByteBuf bytes) {
        byte[] named = new byte[length(bytes, bytes.readerIndex())];
        bytes.readBytes(named);
        int end = named.length - 2;
        int port = (named[end] & 0xff) << 8 | named[end + 1] & 0xff;
        String host = named[0] == NAME
                ? new String(named, 2, end - 2, StandardCharsets.UTF_8)
                : literal(Arrays.copyOfRange(named, 1, end));
        return new SocksAddress(host, port, ByteString.copyFrom(named));
    }

    private static String literal(byte[] address) {
        try {
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    /** Whether something can be reached there. */
    boolean isDestination() {
        return !host.isEmpty() && port > 0;
    }
}
