package dev.telepath.client.packet;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes packets whole again whose sender had to cut them (RFC 791 section 3.2, RFC 8200 section 4.5). Bounded in number and time;
 * parts that overlap others make the whole worthless (RFC 5722). One thread.
 */
public final class Reassembly {
    private static final int MOST = 64;
    private static final int MOST_BYTES = 65_535;
    private static final long NANOS = 15_000_000_000L;

    private final Map<Key, Parts> open = new LinkedHashMap<>();

    private record Key(Endpoint source, Endpoint destination, int protocol, int identification) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key that
                    && protocol == that.protocol
                    && identification == that.identification
                    && source.equals(that.source)
                    && destination.equals(that.destination);
        }

        @Override
        public int hashCode() {
            return Objects.hash(source, destination, protocol, identification);
        }
    }

    private static final class Parts {
        private final long began;
        private final byte[] data = new byte[MOST_BYTES];
        private final BitSet there = new BitSet();
        private byte[] header = new byte[0];
        private int end = -1;
        private boolean spoilt;

        Parts(long began) {
            this.began = began;
        }
    }

    /**
     * Takes a part.
     *
     * @param part one that {@link Packet#isFragment()}; not kept
     * @param now of a clock that only goes forward, in nanoseconds
     * @return the whole, once its last part is there
     */
    public Optional<ByteBuffer> add(Packet part, long now) {
        for (Iterator<Parts> old = open.values().iterator(); old.hasNext(); ) {
            if (now - old.next().began < NANOS && open.size() <= MOST) {
                break;
            }
            old.remove();
        }
        var key = new Key(part.source(), part.destination(), part.protocol(), part.identification());
        Parts parts = open.computeIfAbsent(key, fresh -> new Parts(now));
        put(part, parts);
        if (parts.spoilt || parts.end < 0 || parts.there.nextClearBit(0) < (parts.end + 7) / 8) {
            return Optional.empty();
        }
        open.remove(key);
        return Optional.of(whole(part, parts));
    }

    private static void put(Packet part, Parts parts) {
        int length = part.bytes().limit() - part.transport();
        int from = part.fragmentAt();
        boolean odd = part.hasMoreFragments() && length % 8 != 0;
        if (odd
                || length <= 0
                || from + length > MOST_BYTES - Packet.IPV4_HEADER
                || parts.end >= 0 && from + length > parts.end) {
            parts.spoilt = true;
            return;
        }
        int first = from / 8;
        int last = (from + length + 7) / 8;
        int taken = parts.there.nextSetBit(first);
        if (taken >= 0 && taken < last) {
            // The same part twice is what a network may do; another one in its place is not.
            parts.spoilt |= parts.there.nextClearBit(first) < last;
            return;
        }
        if (!part.hasMoreFragments()) {
            if (parts.there.length() > last) {
                parts.spoilt = true;
                return;
            }
            parts.end = from + length;
        }
        parts.there.set(first, last);
        part.bytes().get(part.transport(), parts.data, from, length);
        if (from == 0) {
            // What is before the fragment header of IPv6 may hold extensions; they have done their work.
            parts.header = new byte[part.isIpv4() ? part.transport() : Packet.IPV6_HEADER];
            part.bytes().get(0, parts.header);
        }
    }

    private static ByteBuffer whole(Packet last, Parts parts) {
        ByteBuffer out = ByteBuffer.allocate(parts.header.length + parts.end);
        out.put(0, parts.header).put(parts.header.length, parts.data, 0, parts.end);
        if (last.isIpv4()) {
            out.putShort(2, (short) out.limit()).putShort(6, (short) 0).putShort(10, (short) 0);
            out.putShort(10, Checksum.complement(Checksum.sum(out, 0, parts.header.length)));
        } else {
            out.putShort(4, (short) parts.end).put(6, (byte) last.protocol());
        }
        return out;
    }
}
