package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSInput;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/**
 * A resource record as the far side told it.
 *
 * @param ttl seconds, 0 to 2^31 - 1
 * @param data without compression
 */
record FarRecord(Name owner, int type, long ttl, ByteString data) {
    /** Records of one answer; what is beyond is left out. */
    private static final int MOST = 1024;
    /** Types that say something of a message, and nothing of a name. */
    private static final Set<Integer> OF_MESSAGES = Set.of(Type.OPT, Type.TSIG, Type.TKEY, Type.SIG);

    /** Reads records packed one after another. What is damaged, and all behind it, is left out. */
    static List<FarRecord> unpack(ByteString packed) {
        var found = new ArrayList<FarRecord>();
        var in = new DNSInput(packed.toByteArray());
        try {
            while (in.remaining() > 0 && found.size() < MOST) {
                Name owner = new Name(in);
                int type = in.readU16();
                int dclass = in.readU16();
                // RFC 2181: a TTL with the highest bit is none.
                long said = in.readU32();
                long ttl = said <= Integer.MAX_VALUE ? said : 0;
                var one = new FarRecord(owner, type, ttl, ByteString.copyFrom(in.readByteArray(in.readU16())));
                if (dclass == DClass.IN
                        && !OF_MESSAGES.contains(type)
                        && one.written(owner, ttl, one.data()).isPresent()) {
                    found.add(one);
                }
            }
        } catch (IOException | RuntimeException damaged) {
            return found;
        }
        return found;
    }

    /**
     * As a record of an answer.
     *
     * @return empty where the data is none of its type
     */
    Optional<Record> written(Name as, long seconds, ByteString with) {
        try {
            @Nullable Record made = Record.newRecord(as, type, DClass.IN, seconds, with.toByteArray());
            return Optional.ofNullable(made);
        } catch (RuntimeException damaged) {
            return Optional.empty();
        }
    }
}
