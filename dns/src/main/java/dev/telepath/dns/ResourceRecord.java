package dev.telepath.dns;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A resource record of the class IN.
 *
 * @param ttl seconds, 0 to 2^31 - 1
 * @param data without compression, at most 65,535 bytes
 */
public record ResourceRecord(DomainName owner, int type, long ttl, ByteString data) {
    /** Records of one answer; what is beyond is left out. */
    static final int MOST = 1024;
    /** Bytes of type, class, TTL and length of a record. */
    private static final int NUMBERS = 10;

    /** Reads records packed one after another, names in full. What is damaged, and all behind it, is left out. */
    public static List<ResourceRecord> unpack(ByteString packed) {
        var found = new ArrayList<ResourceRecord>();
        var in = new MessageReader(packed.toByteArray(), 0);
        try {
            while (in.remaining() > 0 && found.size() < MOST) {
                DomainName owner = in.name();
                int type = in.number16();
                int dclass = in.number16();
                long ttl = ttl(in.number32());
                byte[] data = in.bytes(in.number16());
                if (dclass == Query.INTERNET && RecordData.isOfNames(type) && isInFull(type, data)) {
                    found.add(new ResourceRecord(owner, type, ttl, ByteString.copyFrom(data)));
                }
            }
        } catch (MessageReader.Malformed damaged) {
            return found;
        }
        return found;
    }

    /** Whether data can be that type's; a name in it stands there in full. */
    private static boolean isInFull(int type, byte[] data) {
        try {
            return RecordData.read(new MessageReader(data, 0), type, data.length)
                            .size()
                    == data.length;
        } catch (MessageReader.Malformed e) {
            return false;
        }
    }

    /**
     * Reads the next record of a message, of which names may be shortened.
     *
     * @return empty where it says nothing of a name, or is of another class
     */
    static Optional<ResourceRecord> read(MessageReader in) throws MessageReader.Malformed {
        DomainName owner = in.name();
        int type = in.number16();
        int dclass = in.number16();
        long ttl = ttl(in.number32());
        int length = in.number16();
        if (dclass != Query.INTERNET || !RecordData.isOfNames(type)) {
            in.bytes(length);
            return Optional.empty();
        }
        return Optional.of(new ResourceRecord(owner, type, ttl, RecordData.read(in, type, length)));
    }

    /** RFC 2181: a TTL with the highest bit is none. */
    private static long ttl(long said) {
        return said <= Integer.MAX_VALUE ? said : 0;
    }

    /** Packs records one after another, names in full. */
    public static ByteString pack(List<ResourceRecord> records) {
        ByteBuf out = Unpooled.buffer();
        for (ResourceRecord one : records) {
            out.writeBytes(one.owner.wire());
            out.writeShort(one.type).writeShort(Query.INTERNET).writeInt((int) one.ttl);
            out.writeShort(one.data.size()).writeBytes(one.data.asReadOnlyByteBuffer());
        }
        return ByteString.copyFrom(ByteBufUtil.getBytes(out));
    }

    /** Bytes of it when it is packed. */
    int packedSize() {
        return owner.length() + NUMBERS + data.size();
    }

    /**
     * The record of an address.
     *
     * @param ttl seconds, 0 to 2^31 - 1
     */
    public static ResourceRecord address(DomainName owner, InetAddress address, long ttl) {
        byte[] bytes = address.getAddress();
        int type = bytes.length == 4 ? RecordType.A : RecordType.AAAA;
        return new ResourceRecord(owner, type, ttl, ByteString.copyFrom(bytes));
    }

    /** The addresses among records, in their order. */
    public static List<InetAddress> addresses(List<ResourceRecord> records) {
        var found = new ArrayList<InetAddress>();
        for (ResourceRecord one : records) {
            if (one.type == RecordType.A || one.type == RecordType.AAAA) {
                try {
                    found.add(InetAddress.getByAddress(one.data.toByteArray()));
                } catch (UnknownHostException e) {
                    throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
                }
            }
        }
        return found;
    }

    /** The same under another name. */
    public ResourceRecord withOwner(DomainName other) {
        return new ResourceRecord(other, type, ttl, data);
    }

    /** The same with other data. */
    public ResourceRecord withData(ByteString other) {
        return new ResourceRecord(owner, type, ttl, other);
    }
}
