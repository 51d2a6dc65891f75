package dev.telepath.client.packet;

import java.nio.ByteBuffer;

/**
 * An IP packet in a buffer (RFC 791, RFC 8200), from its first byte to the buffer's limit. One object is read into again and
 * again: nothing is made for a packet. Not thread-safe.
 */
public final class Packet {
    public static final int ICMP = 1;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int ICMPV6 = 58;

    static final int IPV4_HEADER = 20;
    static final int IPV6_HEADER = 40;
    static final int TCP_HEADER = 20;
    static final int UDP_HEADER = 8;
    private static final int ICMP_HEADER = 8;
    private static final int FRAGMENT_HEADER = 8;

    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION = 60;
    /** No sender has more; bounds what a made-up packet costs. */
    private static final int MOST_EXTENSIONS = 8;

    private static final int IPV4_CHECKSUM = 10;
    private static final int TCP_CHECKSUM = 16;
    private static final int FIN = 1;
    private static final int SYN = 2;
    private static final int RST = 4;
    private static final int ACK = 16;

    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private boolean ipv4;
    private int protocol;
    private int transport;
    private int fragmentAt;
    private boolean moreFragments;
    private int identification;

    /**
     * Looks at a packet; what it says holds until the next call.
     *
     * @param packet begins at index 0 and ends at the limit; big endian; kept
     * @return false where it is no whole packet, or of a shape that nobody sends: it is to be dropped
     */
    public boolean read(ByteBuffer packet) {
        bytes = packet;
        fragmentAt = 0;
        moreFragments = false;
        if (packet.limit() < IPV4_HEADER) {
            return false;
        }
        return switch (packet.get(0) >>> 4 & 0xf) {
            case 4 -> ipv4();
            case 6 -> ipv6();
            default -> false;
        };
    }

    private boolean ipv4() {
        ipv4 = true;
        transport = (bytes.get(0) & 0xf) * 4;
        int length = bytes.getShort(2) & 0xffff;
        if (transport < IPV4_HEADER || length < transport || length > bytes.limit()) {
            return false;
        }
        bytes.limit(length);
        protocol = bytes.get(9) & 0xff;
        int fragment = bytes.getShort(6);
        fragmentAt = (fragment & 0x1fff) * 8;
        moreFragments = (fragment & 0x2000) != 0;
        identification = bytes.getShort(4) & 0xffff;
        return isFragment() || hasTransport();
    }

    private boolean ipv6() {
        ipv4 = false;
        if (bytes.limit() < IPV6_HEADER) {
            return false;
        }
        int end = IPV6_HEADER + (bytes.getShort(4) & 0xffff);
        if (end > bytes.limit()) {
            return false;
        }
        bytes.limit(end);
        protocol = bytes.get(6) & 0xff;
        transport = IPV6_HEADER;
        for (int i = 0; i < MOST_EXTENSIONS; i++) {
            switch (protocol) {
                case HOP_BY_HOP, ROUTING, DESTINATION -> {
                    if (transport + 8 > end) {
                        return false;
                    }
                    protocol = bytes.get(transport) & 0xff;
                    transport += 8 + (bytes.get(transport + 1) & 0xff) * 8;
                }
                case FRAGMENT -> {
                    if (transport + FRAGMENT_HEADER > end) {
                        return false;
                    }
                    protocol = bytes.get(transport) & 0xff;
                    fragmentAt = bytes.getShort(transport + 2) & 0xfff8;
                    moreFragments = (bytes.get(transport + 3) & 1) != 0;
                    identification = bytes.getInt(transport + 4);
                    transport += FRAGMENT_HEADER;
                }
                default -> {
                    return transport <= end && (isFragment() || hasTransport());
                }
            }
        }
        return false;
    }

    private boolean hasTransport() {
        int there = bytes.limit() - transport;
        return switch (protocol) {
            case TCP -> there >= TCP_HEADER && there >= tcpHeader() && tcpHeader() >= TCP_HEADER;
            case UDP -> there >= UDP_HEADER && udpLength() >= UDP_HEADER && there >= udpLength();
            case ICMP, ICMPV6 -> there >= ICMP_HEADER;
            default -> there >= 0;
        };
    }

    private int tcpHeader() {
        return (bytes.get(transport + 12) >>> 4 & 0xf) * 4;
    }

    private int udpLength() {
        return bytes.getShort(transport + 4) & 0xffff;
    }

    /** The packet itself. */
    public ByteBuffer bytes() {
        return bytes;
    }

    public boolean isIpv4() {
        return ipv4;
    }

    /** The number of the protocol above IP and its extensions. */
    public int protocol() {
        return protocol;
    }

    /** Whether it is a part of a larger one. */
    public boolean isFragment() {
        return moreFragments || fragmentAt > 0;
    }

    int fragmentAt() {
        return fragmentAt;
    }

    boolean hasMoreFragments() {
        return moreFragments;
    }

    int identification() {
        return identification;
    }

    /** Where what the protocol above has begins. */
    int transport() {
        return transport;
    }

    /** Where it was sent from; with port 0 where the protocol has none, or in a fragment. */
    public Endpoint source() {
        return endpoint(ipv4 ? 12 : 8, 0);
    }

    /** Where it is sent to; with port 0 where the protocol has none, or in a fragment. */
    public Endpoint destination() {
        return endpoint(ipv4 ? 16 : 24, 2);
    }

    private Endpoint endpoint(int at, int portAt) {
        int port =
                (protocol == TCP || protocol == UDP) && !isFragment() ? bytes.getShort(transport + portAt) & 0xffff : 0;
        return ipv4
                ? Endpoint.ipv4(bytes.getInt(at), port)
                : new Endpoint(bytes.getLong(at), bytes.getLong(at + 8), port);
    }

    /** Whether it asks for a connection: SYN without ACK. */
    public boolean isSyn() {
        return (tcpFlags() & (SYN | ACK | RST)) == SYN;
    }

    public boolean isRst() {
        return (tcpFlags() & RST) != 0;
    }

    boolean hasAck() {
        return (tcpFlags() & ACK) != 0;
    }

    private int tcpFlags() {
        return bytes.get(transport + 13);
    }

    /** The sequence number. */
    int tcpSequence() {
        return bytes.getInt(transport + 4);
    }

    int tcpAcknowledgement() {
        return bytes.getInt(transport + 8);
    }

    /** How much of the sequence space it takes: its data, SYN and FIN. */
    int tcpLength() {
        int flags = tcpFlags();
        return bytes.limit() - transport - tcpHeader() + ((flags & SYN) != 0 ? 1 : 0) + ((flags & FIN) != 0 ? 1 : 0);
    }

    /** What a datagram carries: a copy. */
    public byte[] udpPayload() {
        byte[] payload = new byte[udpLength() - UDP_HEADER];
        bytes.get(transport + UDP_HEADER, payload);
        return payload;
    }

    /** Whether it asks for an echo (RFC 792, RFC 4443). */
    public boolean isEchoRequest() {
        int type = bytes.get(transport) & 0xff;
        return (protocol == ICMP && ipv4 && type == 8) || (protocol == ICMPV6 && !ipv4 && type == 128);
    }

    /**
     * Makes another connection's packet of one of TCP, in place, with its checksums. Options, flags and data stay as they
     * are.
     *
     * @param from of the same family as the packet
     * @param to of the same family as the packet
     */
    public void rewriteTcp(Endpoint from, Endpoint to) {
        int first = ipv4 ? 12 : 8;
        int last = ipv4 ? 20 : 40;
        int addresses = Checksum.sum(bytes, first, last);
        int ports = Checksum.sum(bytes, transport, transport + 4);
        if (ipv4) {
            bytes.putInt(12, from.ipv4()).putInt(16, to.ipv4());
        } else {
            bytes.putLong(8, from.high())
                    .putLong(16, from.low())
                    .putLong(24, to.high())
                    .putLong(32, to.low());
        }
        bytes.putShort(transport, (short) from.port()).putShort(transport + 2, (short) to.port());
        int newAddresses = Checksum.sum(bytes, first, last);
        int newPorts = Checksum.sum(bytes, transport, transport + 4);
        int at = transport + TCP_CHECKSUM;
        bytes.putShort(
                at,
                Checksum.adjust(
                        bytes.getShort(at),
                        Checksum.fold((long) addresses + ports),
                        Checksum.fold((long) newAddresses + newPorts)));
        if (ipv4) {
            bytes.putShort(IPV4_CHECKSUM, Checksum.adjust(bytes.getShort(IPV4_CHECKSUM), addresses, newAddresses));
        }
    }
}
