package dev.telepath.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Optional;

/** A DNS query, of which only what decides its way is read: so that the rest is passed on as it came. Immutable. */
public final class Query {
    /** Bytes of a message in front of its question. */
    public static final int HEADER = 12;
    /** What every program takes by UDP, in bytes. */
    public static final int LEAST_OF_UDP = 512;
    /** The largest datagram that IPv4 carries, in bytes. */
    private static final int MOST_OF_UDP = 65_507;

    /** The class of all names that programs ask for. */
    public static final int INTERNET = 1;

    private static final int RESPONSE = 0x80;
    private static final int RECURSION_DESIRED = 0x01;
    private static final int DNSSEC_OK = 0x8000;

    private final byte[] bytes;
    private final DomainName name;
    private final int type;
    private final int dclass;
    private final int end;
    private final Optional<Edns> edns;

    /** What the query says of EDNS: bytes of the largest answer by UDP, and whether signatures are asked for. */
    public record Edns(int size, boolean dnssecOk) {}

    private Query(byte[] bytes, DomainName name, int type, int dclass, int end, Optional<Edns> edns) {
        this.bytes = bytes;
        this.name = name;
        this.type = type;
        this.dclass = dclass;
        this.end = end;
        this.edns = edns;
    }

    /**
     * A question of one's own, of the class IN, under the id 0.
     *
     * @param udpSize bytes of the largest answer by UDP, as its EDNS record tells; 0 = without one, so {@value #LEAST_OF_UDP}
     */
    public static Query of(DomainName name, int type, int udpSize) {
        ByteBuf out = Unpooled.buffer(HEADER + DomainName.MOST + 16);
        out.writeShort(0).writeByte(RECURSION_DESIRED).writeByte(0);
        out.writeShort(1).writeInt(0).writeShort(udpSize == 0 ? 0 : 1);
        out.writeBytes(name.wire()).writeShort(type).writeShort(INTERNET);
        if (udpSize > 0) {
            out.writeByte(0)
                    .writeShort(RecordType.OPT)
                    .writeShort(udpSize)
                    .writeInt(0)
                    .writeShort(0);
        }
        return parse(ByteBufUtil.getBytes(out)).orElseThrow();
    }

    /** Whether it is to be answered at all: it has an id, and is no answer itself. */
    public static boolean asks(byte[] message) {
        return message.length > 2 && (message[2] & RESPONSE) == 0;
    }

    /** The operation that is asked for; 0 is a question. Of a message that {@link #asks}. */
    public static int opcode(byte[] message) {
        return message[2] >> 3 & 0xf;
    }

    /** Reads one; empty when it is malformed, or has another number of questions than one. */
    public static Optional<Query> parse(byte[] message) {
        if (message.length < HEADER || short16(message, 4) != 1) {
            return Optional.empty();
        }
        var in = new MessageReader(message, HEADER);
        try {
            DomainName name = in.name();
            int type = in.number16();
            int dclass = in.number16();
            int end = in.position();
            // A pointer here could only lead into the header, and means nothing in an answer.
            return end == HEADER + name.length() + 4
                    ? Optional.of(new Query(message, name, type, dclass, end, edns(in, message)))
                    : Optional.empty();
        } catch (MessageReader.Malformed e) {
            return Optional.empty();
        }
    }

    private static Optional<Edns> edns(MessageReader in, byte[] message) {
        int records = short16(message, 6) + short16(message, 8) + short16(message, 10);
        try {
            for (int i = 0; i < records; i++) {
                in.name();
                int type = in.number16();
                int dclass = in.number16();
                long ttl = in.number32();
                in.bytes(in.number16());
                if (type == RecordType.OPT) {
                    return Optional.of(new Edns(dclass, (ttl & DNSSEC_OK) != 0));
                }
            }
        } catch (MessageReader.Malformed damaged) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    /** The same of a message, whether it is a query or not. */
    public static int mostOfUdp(byte[] message) {
        return parse(message).map(Query::mostOfUdp).orElse(LEAST_OF_UDP);
    }

    /** Bytes of the largest answer that is taken by UDP. */
    public int mostOfUdp() {
        return edns.map(said -> Math.clamp(said.size(), LEAST_OF_UDP, MOST_OF_UDP))
                .orElse(LEAST_OF_UDP);
    }

    /** As it came; not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    public int id() {
        return short16(bytes, 0);
    }

    /** The same with another id. */
    public byte[] withId(int id) {
        return withId(bytes, id);
    }

    /** A copy of a message, with another id. */
    public static byte[] withId(byte[] message, int id) {
        byte[] copy = message.clone();
        copy[0] = (byte) (id >> 8);
        copy[1] = (byte) id;
        return copy;
    }

    /** Written as it was asked, in capitals or not. */
    public DomainName name() {
        return name;
    }

    public int type() {
        return type;
    }

    public boolean isOfInternet() {
        return dclass == INTERNET;
    }

    /** Bytes of header and question. */
    public int end() {
        return end;
    }

    public Optional<Edns> edns() {
        return edns;
    }

    /** The name as {@link DomainName#plain}. */
    public Optional<String> plainName() {
        return name.plain();
    }

    /** Whether a message is the answer to this query as it was sent with that id. */
    public boolean isAnsweredBy(byte[] message, int sentId) {
        if (message.length < HEADER || short16(message, 0) != sentId || (message[2] & RESPONSE) == 0) {
            return false;
        }
        if (opcode(message) != opcode(bytes)) {
            return false;
        }
        // Some servers leave the question out where they understood nothing.
        if (short16(message, 4) == 0) {
            return (message[3] & 0xf) != 0;
        }
        return message.length >= end && sameQuestion(message);
    }

    /** Letters may be in another case; nothing else of a question is a letter's byte that matters. */
    private boolean sameQuestion(byte[] message) {
        int typeAt = end - 4;
        for (int i = HEADER; i < typeAt; i++) {
            if (DomainName.lower(message[i]) != DomainName.lower(bytes[i])) {
                return false;
            }
        }
        return Arrays.equals(message, typeAt, end, bytes, typeAt, end);
    }

    /** The number in two bytes of a message. */
    public static int short16(byte[] message, int at) {
        return ((message[at] & 0xff) << 8) | (message[at + 1] & 0xff);
    }
}
