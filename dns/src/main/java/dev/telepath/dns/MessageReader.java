package dev.telepath.dns;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/** Reads what DNS messages are made of. Not thread-safe. */
public final class MessageReader {
    private static final int POINTER = 0xc0;

    private final byte[] bytes;
    private int at;

    /** The bytes are not what they should be. */
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String what) {
            super(what);
        }
    }

    /**
     * @param bytes not changed afterwards
     * @param at where to begin, 0 to their length
     */
    public MessageReader(byte[] bytes, int at) {
        this.bytes = bytes;
        this.at = at;
    }

    /** Offset of what comes next. */
    public int position() {
        return at;
    }

    public int remaining() {
        return bytes.length - at;
    }

    private void need(int count) throws Malformed {
        if (remaining() < count) {
            throw new Malformed("it ends in the middle");
        }
    }

    public int number8() throws Malformed {
        need(1);
        return bytes[at++] & 0xff;
    }

    public int number16() throws Malformed {
        return (number8() << 8) | number8();
    }

    public long number32() throws Malformed {
        return ((long) number16() << 16) | number16();
    }

    public byte[] bytes(int count) throws Malformed {
        need(count);
        at += count;
        return Arrays.copyOfRange(bytes, at - count, at);
    }

    /** A name, of which the end may stand earlier in the bytes. */
    public DomainName name() throws Malformed {
        var wire = new ByteArrayOutputStream();
        int after = -1;
        while (true) {
            int length = number8();
            if ((length & POINTER) == POINTER) {
                int to = ((length & ~POINTER) << 8) | number8();
                after = after < 0 ? at : after;
                // Only ever backwards: pointers alone end at the beginning, and labels between them by the length of a
                // name.
                if (to >= at - 2) {
                    throw new Malformed("a pointer leads forwards");
                }
                at = to;
                continue;
            }
            if (length > DomainName.MOST_OF_LABEL || wire.size() + length + 1 > DomainName.MOST) {
                throw new Malformed("a label or name is too long");
            }
            wire.write(length);
            if (length == 0) {
                at = after < 0 ? at : after;
                return new DomainName(wire.toByteArray());
            }
            wire.writeBytes(bytes(length));
        }
    }
}
