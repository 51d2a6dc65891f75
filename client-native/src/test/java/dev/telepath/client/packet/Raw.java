package dev.telepath.client.packet;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Packets for tests, made and checked byte by byte as the RFCs say, by nothing of the code under test. */
final class Raw {
    private Raw() {}

    /** The checksum of RFC 1071 as its section 4.1 has it: one 16-bit word after the other. */
    static int checksum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            if (sum > 0xffff) {
                sum = (sum & 0xffff) + 1;
            }
        }
        return ~sum & 0xffff;
    }

    static byte[] bytes(ByteBuffer packet) {
        byte[] bytes = new byte[packet.limit()];
        packet.get(0, bytes);
        return bytes;
    }

    /** Whether header and contents have the sums that they must have. */
    static boolean isSound(ByteBuffer packet) {
        byte[] all = bytes(packet);
        boolean ipv4 = all[0] >>> 4 == 4;
        int header = ipv4 ? (all[0] & 0xf) * 4 : 40;
        int protocol = all[ipv4 ? 9 : 6] & 0xff;
        if (ipv4 && checksum(java.util.Arrays.copyOf(all, header)) != 0) {
            return false;
        }
        byte[] content = java.util.Arrays.copyOfRange(all, header, all.length);
        return protocol == Packet.ICMP
                ? checksum(content) == 0
                : checksum(join(pseudo(all, ipv4, protocol, content.length), content)) == 0;
    }

    private static byte[] pseudo(byte[] all, boolean ipv4, int protocol, int length) {
        byte[] addresses = ipv4 ? java.util.Arrays.copyOfRange(all, 12, 20) : java.util.Arrays.copyOfRange(all, 8, 40);
        return join(addresses, new byte[] {0, 0, (byte) (length >> 8), (byte) length, 0, (byte) protocol});
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** A segment of TCP with its sums. */
    static ByteBuffer tcp(
            InetAddress from, int fromPort, InetAddress to, int toPort, int flags, byte[] options, byte[] data) {
        byte[] segment = write(out -> {
            out.writeShort(fromPort);
            out.writeShort(toPort);
            out.writeInt(0x01020304);
            out.writeInt(0x0a0b0c0d);
            out.writeByte((20 + options.length) / 4 << 4);
            out.writeByte(flags);
            out.writeShort(64_000);
            out.writeInt(0);
            out.write(options);
            out.write(data);
        });
        return ip(from, to, Packet.TCP, segment, 16, new byte[0]);
    }

    static ByteBuffer udp(InetAddress from, int fromPort, InetAddress to, int toPort, byte[] data) {
        byte[] datagram = write(out -> {
            out.writeShort(fromPort);
            out.writeShort(toPort);
            out.writeShort(8 + data.length);
            out.writeShort(0);
            out.write(data);
        });
        return ip(from, to, Packet.UDP, datagram, 6, new byte[0]);
    }

    /** An echo request of either family. */
    static ByteBuffer echo(InetAddress from, InetAddress to, byte[] data) {
        boolean ipv4 = from.getAddress().length == 4;
        byte[] message = write(out -> {
            out.writeByte(ipv4 ? 8 : 128);
            out.writeByte(0);
            out.writeShort(0);
            out.writeInt(0x00010002);
            out.write(data);
        });
        return ip(from, to, ipv4 ? Packet.ICMP : Packet.ICMPV6, message, 2, new byte[0]);
    }

    /** With options of IPv4, of a multiple of four bytes. */
    static ByteBuffer ip(
            InetAddress from, InetAddress to, int protocol, byte[] content, int checksumAt, byte[] options) {
        boolean ipv4 = from.getAddress().length == 4;
        byte[] header = write(out -> {
            if (ipv4) {
                out.writeByte(0x40 | (20 + options.length) / 4);
                out.writeByte(0);
                out.writeShort(20 + options.length + content.length);
                out.writeInt(0x00070000);
                out.writeByte(64);
                out.writeByte(protocol);
                out.writeShort(0);
            } else {
                out.writeInt(0x60000000);
                out.writeShort(content.length);
                out.writeByte(protocol);
                out.writeByte(64);
            }
            out.write(from.getAddress());
            out.write(to.getAddress());
            out.write(options);
        });
        if (ipv4) {
            put(header, 10, checksum(header));
        }
        byte[] summed =
                protocol == Packet.ICMP ? content : join(pseudo(header, ipv4, protocol, content.length), content);
        put(content, checksumAt, checksum(summed));
        return ByteBuffer.wrap(join(header, content));
    }

    private static void put(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >> 8);
        bytes[at + 1] = (byte) value;
    }

    private interface Content {
        void to(DataOutputStream out) throws IOException;
    }

    private static byte[] write(Content content) {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            content.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
