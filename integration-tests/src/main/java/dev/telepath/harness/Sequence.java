package dev.telepath.harness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** An endless pseudo-random sequence of bytes in which every offset can be computed, so that any byte can be judged alone. */
record Sequence(long seed) {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    /** Bytes that tell one place from another for sure. */
    private static final int SAMPLE = 8;
    /** How far around a wrong byte its right place is looked for. */
    private static final int SPAN = 512 * 1024;

    /** The bytes from an offset on. */
    byte[] at(long offset, int length) {
        int lead = (int) (offset & 7);
        int words = (lead + length + 7) / 8;
        ByteBuffer out = ByteBuffer.allocate(words * 8).order(ByteOrder.LITTLE_ENDIAN);
        long first = offset >>> 3;
        for (int i = 0; i < words; i++) {
            out.putLong(mixed(first + i));
        }
        return Arrays.copyOfRange(out.array(), lead, lead + length);
    }

    private long mixed(long index) {
        long z = seed + GOLDEN * (index + 1);
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /**
     * How many of the bytes are those of the sequence from the offset on.
     *
     * @return -1 when all are
     */
    int firstWrong(long offset, byte[] bytes, int length) {
        return Arrays.mismatch(bytes, 0, length, at(offset, length), 0, length);
    }

    /** What happened at a wrong byte, for the message: the offset, and where the bytes found there belong. */
    String diagnose(long offset, byte[] bytes, int from, int length) {
        String found = "byte " + (offset + from) + " is wrong";
        if (length - from < SAMPLE) {
            return found;
        }
        byte[] sample = Arrays.copyOfRange(bytes, from, from + SAMPLE);
        long start = Math.max(0, offset + from - SPAN);
        byte[] around = at(start, 2 * SPAN);
        for (int i = 0; i + SAMPLE <= around.length; i++) {
            if (Arrays.equals(around, i, i + SAMPLE, sample, 0, SAMPLE)) {
                long gap = start + i - (offset + from);
                return found + ": " + (gap > 0 ? gap + " bytes are missing before it" : -gap + " bytes come twice");
            }
        }
        return found + ": these bytes were never sent near there";
    }
}
