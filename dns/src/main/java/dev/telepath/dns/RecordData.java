package dev.telepath.dns;

import com.google.protobuf.ByteString;
import dev.telepath.dns.MessageReader.Malformed;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import java.util.Set;

/** The data of records by their type. Pure. */
final class RecordData {
    /** Types that say something of a message, and nothing of a name. */
    private static final Set<Integer> OF_MESSAGES =
            Set.of(RecordType.OPT, RecordType.TSIG, RecordType.TKEY, RecordType.SIG);
    /** Bytes of the numbers at the end of SOA. */
    private static final int SOA_NUMBERS = 20;

    private RecordData() {}

    /** Names in data, of the types in which servers may shorten them: bytes before them, how many, bytes behind. */
    private record Names(int before, int count, int behind) {
        static Optional<Names> of(int type) {
            return switch (type) {
                case RecordType.CNAME, RecordType.PTR, RecordType.NS, RecordType.DNAME ->
                    Optional.of(new Names(0, 1, 0));
                case RecordType.MX, RecordType.AFSDB -> Optional.of(new Names(2, 1, 0));
                case RecordType.SRV -> Optional.of(new Names(6, 1, 0));
                case RecordType.RP -> Optional.of(new Names(0, 2, 0));
                case RecordType.SOA -> Optional.of(new Names(0, 2, SOA_NUMBERS));
                default -> Optional.empty();
            };
        }
    }

    /** Whether records of that type belong to names. */
    static boolean isOfNames(int type) {
        return !OF_MESSAGES.contains(type);
    }

    /**
     * Reads data of that length, in which names may be shortened by pointers to what stands earlier.
     *
     * @return with its names in full
     * @throws Malformed when it cannot be that type's, where programs here take it apart
     */
    static ByteString read(MessageReader in, int type, int length) throws Malformed {
        Optional<Names> names = Names.of(type);
        if (names.isPresent()) {
            return names(in, names.get(), length);
        }
        byte[] data = in.bytes(length);
        boolean fits = switch (type) {
            case RecordType.A -> length == 4;
            case RecordType.AAAA -> length == 16;
            case RecordType.TXT -> isStrings(data);
            default -> true;
        };
        if (!fits) {
            throw new Malformed("the data of a record are not of its type");
        }
        return ByteString.copyFrom(data);
    }

    private static ByteString names(MessageReader in, Names inside, int length) throws Malformed {
        int end = in.position() + length;
        var full = new ByteArrayOutputStream();
        full.writeBytes(in.bytes(inside.before()));
        for (int i = 0; i < inside.count(); i++) {
            full.writeBytes(in.name().wire());
        }
        full.writeBytes(in.bytes(inside.behind()));
        if (in.position() != end) {
            throw new Malformed("the data of a record have another length than they say");
        }
        return ByteString.copyFrom(full.toByteArray());
    }

    /** Whether it is one text or several, each with its length in front. */
    private static boolean isStrings(byte[] data) {
        int at = 0;
        while (at < data.length) {
            at += (data[at] & 0xff) + 1;
        }
        return data.length > 0 && at == data.length;
    }
}
