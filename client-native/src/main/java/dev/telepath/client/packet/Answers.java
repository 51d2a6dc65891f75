package dev.telepath.client.packet;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Packets that are made here, whole, with their checksums. Pure. */
public final class Answers {
    private static final int HOPS = 64;
    private static final int RST = 4;
    private static final int ACK = 16;
    private static final int DEST_UNREACHABLE = 3;
    private static final int PORT_UNREACHABLE = 3;
    private static final int DEST_UNREACHABLE_V6 = 1;
    private static final int PORT_UNREACHABLE_V6 = 4;
    /** RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4: no error makes a packet larger than any link takes. */
    private static final int MOST_QUOTED = 512;

    private Answers() {}

    /**
     * The refusal of a connection, or of a segment of one that nobody knows (RFC 9293 section 3.10.7.1).
     *
     * @param packet a segment of TCP without RST
     */
    public static ByteBuffer reset(Packet packet) {
        ByteBuffer out = begin(packet, Packet.TCP, Packet.TCP_HEADER);
        int at = out.position();
        Endpoint from = packet.destination();
        Endpoint to = packet.source();
        boolean known = packet.hasAck();
        out.putShort(at, (short) from.port())
                .putShort(at + 2, (short) to.port())
                .putInt(at + 4, known ? packet.tcpAcknowledgement() : 0)
                .putInt(at + 8, known ? 0 : packet.tcpSequence() + packet.tcpLength())
                .put(at + 12, (byte) (Packet.TCP_HEADER / 4 << 4))
                .put(at + 13, (byte) (known ? RST : RST | ACK));
        return finish(out, Packet.TCP, 16);
    }

    /**
     * A copy of an echo request as its reply.
     *
     * @param packet one that {@link Packet#isEchoRequest()}
     */
    public static ByteBuffer echo(Packet packet) {
        int length = packet.bytes().limit() - packet.transport();
        ByteBuffer out = begin(packet, packet.protocol(), length);
        int at = out.position();
        out.put(at, packet.bytes(), packet.transport(), length);
        out.put(at, (byte) (packet.isIpv4() ? 0 : 129)).putShort(at + 2, (short) 0);
        return finish(out, packet.protocol(), 2);
    }

    /** The word that nobody takes datagrams there (RFC 1122 section 4.1.3.1). */
    public static ByteBuffer portUnreachable(Packet packet) {
        int quoted = Math.min(packet.bytes().limit(), MOST_QUOTED);
        int protocol = packet.isIpv4() ? Packet.ICMP : Packet.ICMPV6;
        ByteBuffer out = begin(packet, protocol, 8 + quoted);
        int at = out.position();
        out.put(at, (byte) (packet.isIpv4() ? DEST_UNREACHABLE : DEST_UNREACHABLE_V6))
                .put(at + 1, (byte) (packet.isIpv4() ? PORT_UNREACHABLE : PORT_UNREACHABLE_V6))
                .put(at + 8, packet.bytes(), 0, quoted);
        return finish(out, protocol, 2);
    }

    /**
     * A datagram, in as many packets as the link needs.
     *
     * @param payload at most 65,507 bytes
     * @param mtu of the link; at least 1280
     * @param identification of the fragments, where there are any; the same for no two datagrams that are under way
     */
    public static List<ByteBuffer> datagram(Flow flow, byte[] payload, int mtu, int identification) {
        ByteBuffer whole = begin(flow.source(), flow.destination(), Packet.UDP, Packet.UDP_HEADER + payload.length);
        int at = whole.position();
        whole.putShort(at, (short) flow.source().port())
                .putShort(at + 2, (short) flow.destination().port())
                .putShort(at + 4, (short) (Packet.UDP_HEADER + payload.length))
                .put(at + Packet.UDP_HEADER, payload);
        finish(whole, Packet.UDP, 6);
        if (whole.limit() <= mtu) {
            return List.of(whole);
        }
        List<ByteBuffer> parts = new ArrayList<>();
        boolean ipv4 = flow.source().isIpv4();
        int header = ipv4 ? Packet.IPV4_HEADER : Packet.IPV6_HEADER + 8;
        int most = (mtu - header) / 8 * 8;
        int length = whole.limit() - at;
        for (int from = 0; from < length; from += most) {
            int size = Math.min(most, length - from);
            boolean more = from + size < length;
            parts.add(
                    ipv4
                            ? fragment4(whole, at, from, size, more, identification)
                            : fragment6(whole, at, from, size, more, identification));
        }
        return parts;
    }

    private static ByteBuffer fragment4(
            ByteBuffer whole, int at, int from, int size, boolean more, int identification) {
        ByteBuffer part = ByteBuffer.allocate(Packet.IPV4_HEADER + size);
        part.put(0, whole, 0, Packet.IPV4_HEADER).put(Packet.IPV4_HEADER, whole, at + from, size);
        part.putShort(2, (short) part.limit())
                .putShort(4, (short) identification)
                .putShort(6, (short) ((more ? 0x2000 : 0) | from / 8));
        return ipv4Checksum(part);
    }

    private static ByteBuffer fragment6(
            ByteBuffer whole, int at, int from, int size, boolean more, int identification) {
        int header = Packet.IPV6_HEADER + 8;
        ByteBuffer part = ByteBuffer.allocate(header + size);
        part.put(0, whole, 0, Packet.IPV6_HEADER).put(header, whole, at + from, size);
        return part.putShort(4, (short) (8 + size))
                .put(6, (byte) 44)
                .put(Packet.IPV6_HEADER, (byte) Packet.UDP)
                .putShort(Packet.IPV6_HEADER + 2, (short) (from | (more ? 1 : 0)))
                .putInt(Packet.IPV6_HEADER + 4, identification);
    }

    private static ByteBuffer begin(Packet asked, int protocol, int length) {
        return begin(asked.destination(), asked.source(), protocol, length);
    }

    /** A packet without what is above IP; its position is where that begins. */
    private static ByteBuffer begin(Endpoint from, Endpoint to, int protocol, int length) {
        boolean ipv4 = from.isIpv4() && to.isIpv4();
        int header = ipv4 ? Packet.IPV4_HEADER : Packet.IPV6_HEADER;
        ByteBuffer out = ByteBuffer.allocate(header + length);
        if (ipv4) {
            out.put(0, (byte) 0x45)
                    .putShort(2, (short) out.limit())
                    .put(8, (byte) HOPS)
                    .put(9, (byte) protocol)
                    .putInt(12, from.ipv4())
                    .putInt(16, to.ipv4());
        } else {
            out.put(0, (byte) 0x60)
                    .putShort(4, (short) length)
                    .put(6, (byte) protocol)
                    .put(7, (byte) HOPS)
                    .putLong(8, from.high())
                    .putLong(16, from.low())
                    .putLong(24, to.high())
                    .putLong(32, to.low());
        }
        return out.position(header);
    }

    private static ByteBuffer finish(ByteBuffer out, int protocol, int checksumAt) {
        int at = out.position();
        long sum = Checksum.sum(out, at, out.limit());
        boolean ipv4 = at == Packet.IPV4_HEADER;
        // ICMP of IPv4 is the one without addresses in its sum.
        if (protocol != Packet.ICMP) {
            sum += Checksum.sum(out, ipv4 ? 12 : 8, ipv4 ? 20 : 40) + protocol + (out.limit() - at);
        }
        short checksum = Checksum.complement(Checksum.fold(sum));
        // RFC 768: none is told as zero, so a zero is told as its other form.
        out.putShort(at + checksumAt, protocol == Packet.UDP && checksum == 0 ? (short) 0xffff : checksum);
        out.position(0);
        return ipv4 ? ipv4Checksum(out) : out;
    }

    private static ByteBuffer ipv4Checksum(ByteBuffer packet) {
        packet.putShort(10, (short) 0);
        return packet.putShort(10, Checksum.complement(Checksum.sum(packet, 0, Packet.IPV4_HEADER)));
    }
}
