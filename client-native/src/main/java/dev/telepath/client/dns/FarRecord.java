package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A resource record as the far side told it.
 *
 * @param ttl seconds, 0 to 2^31 - 1
 * @param data without compression
 */
record FarRecord(DomainName owner, int type, long ttl, ByteString data) {
    /** Records of one answer; what is beyond is left out. */
    private static final int MOST = 1024;
    /** Types that say something of a message, and nothing of a name. */
    private static final Set<Integer> OF_MESSAGES =
            Set.of(RecordType.OPT, RecordType.TSIG, RecordType.TKEY, RecordType.SIG);
    /** Bytes of the numbers at the end of SOA. */
    private static final int SOA_NUMBERS = 20;

    /** Reads records packed one after another. What is damaged, and all behind it, is left out. */
    static List<FarRecord> unpack(ByteString packed) {
        var found = new ArrayList<FarRecord>();
        var in = new MessageReader(packed.toByteArray(), 0);
        try {
            while (in.remaining() > 0 && found.size() < MOST) {
                DomainName owner = in.name();
                int type = in.number16();
                int dclass = in.number16();
                // RFC 2181: a TTL with the highest bit is none.
                long said = in.number32();
                long ttl = said <= Integer.MAX_VALUE ? said : 0;
                byte[] data = in.bytes(in.number16());
                if (dclass == Query.INTERNET && !OF_MESSAGES.contains(type) && isOf(type, data)) {
                    found.add(new FarRecord(owner, type, ttl, ByteString.copyFrom(data)));
                }
            }
        } catch (MessageReader.Malformed damaged) {
            return found;
        }
        return found;
    }

    /** Whether data can be that type's, where programs here take it apart. A name in it stands there in full. */
    private static boolean isOf(int type, byte[] data) {
        return switch (type) {
            case RecordType.A -> data.length == 4;
            case RecordType.AAAA -> data.length == 16;
            case RecordType.CNAME, RecordType.PTR, RecordType.NS -> isNames(data, 0, 1, 0);
            case RecordType.MX -> isNames(data, 2, 1, 0);
            case RecordType.SRV -> isNames(data, 6, 1, 0);
            case RecordType.SOA -> isNames(data, 0, 2, SOA_NUMBERS);
            case RecordType.TXT -> isStrings(data);
            default -> true;
        };
    }

    private static boolean isNames(byte[] data, int before, int names, int behind) {
        if (data.length < before) {
            return false;
        }
        var in = new MessageReader(data, before);
        try {
            int length = before + behind;
            for (int i = 0; i < names; i++) {
                length += in.name().length();
            }
            return length == data.length;
        } catch (MessageReader.Malformed e) {
            return false;
        }
    }

    /** Whether it is one text or several, each with its length in front. */
    private static boolean isStrings(byte[] data) {
        int at = 0;
        while (at < data.length) {
            at += (data[at] & 0xff) + 1;
        }
        return data.length > 0 && at == data.length;
    }

    /** The same under another name. */
    FarRecord withOwner(DomainName other) {
        return new FarRecord(other, type, ttl, data);
    }

    /** The same with other data. */
    FarRecord withData(ByteString other) {
        return new FarRecord(owner, type, ttl, other);
    }
}
