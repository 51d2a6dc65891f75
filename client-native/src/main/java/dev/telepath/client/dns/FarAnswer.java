package dev.telepath.client.dns;

import java.util.List;

/**
 * What the far side says of a name and type.
 *
 * @param rcode of {@link ResponseCode}: no error (with records or without), no such name, not implemented where only that type cannot be asked, else a failure
 */
record FarAnswer(int rcode, List<FarRecord> records) {
    static final FarAnswer FAILED = new FarAnswer(ResponseCode.SERVER_FAILURE, List.of());

    FarAnswer {
        records = List.copyOf(records);
    }

    boolean isUnknownName() {
        return rcode == ResponseCode.NAME_ERROR;
    }

    boolean isUnsupportedType() {
        return rcode == ResponseCode.NOT_IMPLEMENTED;
    }

    /** Whether it says something of the name, so that it may be kept. */
    boolean isTold() {
        return rcode == ResponseCode.NO_ERROR || isUnknownName() || isUnsupportedType();
    }

    /** Bytes of its records' data. */
    int size() {
        return records.stream().mapToInt(one -> one.data().size()).sum();
    }
}
