package dev.telepath.client.packet;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An address and port as two numbers, cheap to make for each packet. IPv4 is held as RFC 4291 section 2.5.5.2 maps it.
 *
 * @param high the first eight bytes of the address
 * @param low the others
 * @param port 0 to 65535; 0 where the protocol has none
 */
public record Endpoint(long high, long low, int port) {
    private static final long MAPPED = 0xffffL << 32;
    private static final long FOUR_BYTES = 0xffff_ffffL;

    static Endpoint ipv4(int address, int port) {
        return new Endpoint(0, MAPPED | address & FOUR_BYTES, port);
    }

    /** The same as a socket's. */
    public static Endpoint of(InetAddress address, int port) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return bytes.remaining() == 4
                ? ipv4(bytes.getInt(), port)
                : new Endpoint(bytes.getLong(), bytes.getLong(), port);
    }

    /** The same as a socket's. */
    public static Endpoint of(InetSocketAddress address) {
        return of(address.getAddress(), address.getPort());
    }

    /** Whether the address is one of IPv4. */
    public boolean isIpv4() {
        return high == 0 && (low & ~FOUR_BYTES) == MAPPED;
    }

    /** The last four bytes: all of an IPv4 address. */
    int ipv4() {
        return (int) low;
    }

    /** Another port of the same address. */
    public Endpoint port(int other) {
        return new Endpoint(high, low, other);
    }

    /** The address that lies some places behind, of the same family. */
    Endpoint plus(int places) {
        return new Endpoint(high, low + places, port);
    }

    /** As the platform's classes have it. */
    public InetAddress address() {
        try {
            return InetAddress.getByAddress(
                    isIpv4()
                            ? ByteBuffer.allocate(4).putInt(ipv4()).array()
                            : ByteBuffer.allocate(16).putLong(high).putLong(low).array());
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    /** As the platform's classes have it. */
    public InetSocketAddress socketAddress() {
        return new InetSocketAddress(address(), port);
    }

    /** Asked for each packet; the compiler's own is interpreted by a native image. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Endpoint that && high == that.high && low == that.low && port == that.port;
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Long.hashCode(high) + Long.hashCode(low)) + port;
    }
}
