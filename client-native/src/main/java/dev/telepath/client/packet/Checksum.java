package dev.telepath.client.packet;

import java.nio.ByteBuffer;

/** The Internet checksum (RFC 1071) and its change in place (RFC 1624). Sums are 16 bits wide and not complemented. */
final class Checksum {
    private static final long FOUR_BYTES = 0xffff_ffffL;
    private static final int TWO_BYTES = 0xffff;

    private Checksum() {}

    /** The sum of the bytes from one index to another; a last odd byte is the high one of its pair. */
    static int sum(ByteBuffer bytes, int from, int to) {
        long sum = 0;
        int at = from;
        for (; at + 4 <= to; at += 4) {
            sum += bytes.getInt(at) & FOUR_BYTES;
        }
        if (at + 2 <= to) {
            sum += bytes.getShort(at) & TWO_BYTES;
            at += 2;
        }
        if (at < to) {
            sum += (bytes.get(at) & 0xff) << 8;
        }
        return fold(sum);
    }

    static int fold(long sum) {
        long rest = sum;
        while (rest >>> 16 != 0) {
            rest = (rest & TWO_BYTES) + (rest >>> 16);
        }
        return (int) rest;
    }

    /** What goes into a packet for a sum. */
    static short complement(int sum) {
        return (short) ~sum;
    }

    /** A checksum after words of a sum were replaced by words of another. */
    static short adjust(short checksum, int before, int after) {
        return complement(fold((~checksum & TWO_BYTES) + (~before & TWO_BYTES) + (long) after));
    }
}
