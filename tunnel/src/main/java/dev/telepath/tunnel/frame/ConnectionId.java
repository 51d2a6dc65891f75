package dev.telepath.tunnel.frame;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Names one stream between two peers: source, destination, protocol. It is also the key by which the two calls of a
 * relayed stream find each other, so the answering side repeats the bytes it was given.
 *
 * <p>Wire form: source address, source port, destination address, destination port (ports two bytes, big endian),
 * protocol number. 13 bytes when both addresses are IPv4, else 37 with IPv4 mapped into IPv6.
 *
 * @param bytes the wire form, 13 or 37 bytes
 */
public record ConnectionId(ByteString bytes) {
    private static final int SHORT = 13;
    private static final int LONG = 37;

    public ConnectionId {
        if (bytes.size() != SHORT && bytes.size() != LONG) {
            throw new MalformedFrame("connection id of " + bytes.size() + " bytes, expected 13 or 37");
        }
    }

    /** The id of a stream between two addresses. A null address is written as zeros. */
    public static ConnectionId of(
            Protocol protocol,
            @Nullable InetAddress source,
            int sourcePort,
            @Nullable InetAddress destination,
            int destinationPort) {
        byte[] from = source == null ? new byte[4] : source.getAddress();
        byte[] to = destination == null ? new byte[4] : destination.getAddress();
        if (from.length != to.length || from.length == 16) {
            from = mapped(from);
            to = mapped(to);
        }
        ByteBuffer out = ByteBuffer.allocate(2 * from.length + 5);
        out.put(from).putShort((short) sourcePort).put(to).putShort((short) destinationPort);
        out.put((byte) protocol.number()).flip();
        return new ConnectionId(ByteString.copyFrom(out));
    }

    /** The id of a stream between two resolved socket addresses. */
    public static ConnectionId of(Protocol protocol, InetSocketAddress source, InetSocketAddress destination) {
        return of(protocol, source.getAddress(), source.getPort(), destination.getAddress(), destination.getPort());
    }

    private static byte[] mapped(byte[] address) {
        if (address.length == 16) {
            return address;
        }
        byte[] out = new byte[16];
        out[10] = (byte) 0xff;
        out[11] = (byte) 0xff;
        System.arraycopy(address, 0, out, 12, 4);
        return out;
    }

    private int addressLength() {
        return bytes.size() == SHORT ? 4 : 16;
    }

    private InetAddress address(int offset) {
        try {
            return InetAddress.getByAddress(
                    bytes.substring(offset, offset + addressLength()).toByteArray());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    private int port(int offset) {
        return (bytes.byteAt(offset) & 0xff) << 8 | bytes.byteAt(offset + 1) & 0xff;
    }

    public InetAddress sourceAddress() {
        return address(0);
    }

    public int sourcePort() {
        return port(addressLength());
    }

    public InetAddress destinationAddress() {
        return address(addressLength() + 2);
    }

    public int destinationPort() {
        return port(2 * addressLength() + 2);
    }

    /** Destination address, its port and the protocol, as they are on the wire. */
    public ByteString destination() {
        return bytes.substring(addressLength() + 2);
    }

    /**
     * @throws MalformedFrame when the last byte is no protocol known here
     */
    public Protocol protocol() {
        return Protocol.of(bytes.byteAt(bytes.size() - 1) & 0xff);
    }

    /** True for the all-zero id that peers use for pure signalling. */
    public boolean isZero() {
        for (int i = 0; i < bytes.size(); i++) {
            if (bytes.byteAt(i) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        if (isZero()) {
            return "signalling";
        }
        return sourceAddress().getHostAddress() + ":" + sourcePort() + "->"
                + destinationAddress().getHostAddress() + ":" + destinationPort();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ConnectionId that && bytes.equals(that.bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }
}
