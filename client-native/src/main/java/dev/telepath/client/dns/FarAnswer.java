package dev.telepath.client.dns;

import java.util.List;
import org.xbill.DNS.Rcode;

/**
 * What the far side says of a name and type.
 *
 * @param rcode of DNS: NOERROR (with records or without), NXDOMAIN, NOTIMP where only that type cannot be asked, else a failure
 */
record FarAnswer(int rcode, List<FarRecord> records) {
    static final FarAnswer FAILED = new FarAnswer(Rcode.SERVFAIL, List.of());

    FarAnswer {
        records = List.copyOf(records);
    }

    boolean isUnknownName() {
        return rcode == Rcode.NXDOMAIN;
    }

    boolean isUnsupportedType() {
        return rcode == Rcode.NOTIMP;
    }

    /** Whether it says something of the name, so that it may be kept. */
    boolean isTold() {
        return rcode == Rcode.NOERROR || isUnknownName() || isUnsupportedType();
    }

    /** Bytes of its records' data. */
    int size() {
        return records.stream().mapToInt(one -> one.data().size()).sum();
    }
}
