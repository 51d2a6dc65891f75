package dev.telepath.client.tun;

import java.nio.ByteBuffer;

/** The four bytes in front of each packet of a utun: its address family as macOS numbers it, high byte first. Pure. */
final class FamilyPrefix {
    static final int BYTES = 4;
    static final int AF_INET = 2;
    static final int AF_INET6 = 30;

    private static final ByteBuffer IPV4 = of(AF_INET);
    private static final ByteBuffer IPV6 = of(AF_INET6);

    private FamilyPrefix() {}

    private static ByteBuffer of(int family) {
        return ByteBuffer.allocate(BYTES).putInt(family).flip().asReadOnlyBuffer();
    }

    /**
     * What belongs in front of a packet.
     *
     * @param packet IPv4 or IPv6, from the buffer's beginning; neither is changed
     */
    static ByteBuffer of(ByteBuffer packet) {
        boolean ipv6 = packet.get(0) >>> 4 == 6;
        return (ipv6 ? IPV6 : IPV4).duplicate();
    }
}
