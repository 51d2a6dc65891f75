package dev.telepath.dns;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import java.util.List;

/**
 * What is said of a name and type.
 *
 * @param rcode of {@link ResponseCode}: no error (with records or without), no such name, not implemented where only that type
 *     cannot be asked, else a failure
 */
public record Answer(int rcode, List<ResourceRecord> records) {
    public static final Answer FAILED = code(ResponseCode.SERVER_FAILURE);

    public Answer {
        records = List.copyOf(records);
    }

    /** One without records. */
    public static Answer code(int rcode) {
        return new Answer(rcode, List.of());
    }

    /** One with these records, or with none of that type. */
    public static Answer of(List<ResourceRecord> records) {
        return new Answer(ResponseCode.NO_ERROR, records);
    }

    /**
     * As a peer told it; damaged records and all behind them are left out.
     *
     * @throws IllegalStateException when it is larger than any of DNS
     */
    public static Answer of(DNSResponse response) {
        ByteString packed = response.getRrs();
        if (packed.size() > TcpMessages.MOST) {
            throw new IllegalStateException("an answer of " + packed.size() + " bytes is none of DNS");
        }
        return new Answer(response.getRCode(), ResourceRecord.unpack(packed));
    }

    /** As peers are told it. */
    public DNSResponse toResponse() {
        return DNSResponse.newBuilder()
                .setRCode(rcode)
                .setRrs(ResourceRecord.pack(records))
                .build();
    }

    /** What came of a question, as metrics count it. */
    public enum Outcome {
        /** Records. */
        ANSWERED,
        /** The name has none of that type. */
        EMPTY,
        /** There is no such name. */
        UNKNOWN,
        /** Nobody there can be asked for that type. */
        UNSUPPORTED,
        FAILED;

        /** That of an answer with this code, and with records or without. */
        public static Outcome of(int rcode, boolean records) {
            return switch (rcode) {
                case ResponseCode.NO_ERROR -> records ? ANSWERED : EMPTY;
                case ResponseCode.NAME_ERROR -> UNKNOWN;
                case ResponseCode.NOT_IMPLEMENTED -> UNSUPPORTED;
                default -> FAILED;
            };
        }
    }

    public Outcome outcome() {
        return Outcome.of(rcode, !records.isEmpty());
    }

    public boolean isUnknownName() {
        return rcode == ResponseCode.NAME_ERROR;
    }

    public boolean isUnsupportedType() {
        return rcode == ResponseCode.NOT_IMPLEMENTED;
    }

    /** Whether it says something of the name, so that it may be kept. */
    public boolean isTold() {
        return rcode == ResponseCode.NO_ERROR || isUnknownName() || isUnsupportedType();
    }

    /** Bytes of its records' data. */
    public int size() {
        return records.stream().mapToInt(one -> one.data().size()).sum();
    }
}
