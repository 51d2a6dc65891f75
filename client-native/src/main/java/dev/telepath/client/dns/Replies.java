package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.dns.Answer;
import dev.telepath.dns.DomainName;
import dev.telepath.dns.Query;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.dns.ResponseCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes answers. Pure. */
final class Replies {
    /** What this resolver takes by UDP, as its EDNS record says. */
    private static final int UDP_SIZE = 4096;
    /** Seconds that an address of the settings may be remembered: they change only with a restart. */
    private static final long FIXED_TTL = 30;

    private static final int RECURSION_DESIRED = 0x01;
    private static final int CHECKING_DISABLED = 0x10;
    private static final int RECURSION_AVAILABLE = 0x80;
    private static final int RESPONSE = 0x80;
    private static final int TRUNCATED = 0x02;
    private static final int DNSSEC_OK = 0x8000;
    private static final int POINTER = 0xc000;
    /** Offsets that a pointer can say. */
    private static final int MOST_OFFSET = 0x3fff;

    private Replies() {}

    /**
     * An answer of header and, where it can be read, question alone.
     *
     * @param message a query that {@link Query#asks}, however damaged
     */
    static byte[] code(byte[] message, int rcode) {
        int end = Query.parse(message).map(Query::end).orElse(Query.HEADER);
        return bare(message, end, RESPONSE, rcode);
    }

    /** The same, with the EDNS record without which some that ask believe that there is none here and stop using it. */
    static byte[] code(Query query, int rcode) {
        return withEdns(query, RESPONSE, rcode);
    }

    /** An answer that says that the true one does not fit: whoever asked comes by TCP, so no part of it is of use. */
    static byte[] cut(Query query, int rcode) {
        return withEdns(query, RESPONSE | TRUNCATED, rcode);
    }

    private static byte[] withEdns(Query query, int flags, int rcode) {
        ByteBuf out = Unpooled.buffer(Query.LEAST_OF_UDP);
        out.writeBytes(bare(query.bytes(), query.end(), flags, rcode));
        writeEdns(out, query);
        return ByteBufUtil.getBytes(out);
    }

    private static void writeEdns(ByteBuf out, Query query) {
        query.edns().ifPresent(said -> {
            out.writeByte(0).writeShort(RecordType.OPT).writeShort(UDP_SIZE);
            out.writeInt(said.dnssecOk() ? DNSSEC_OK : 0).writeShort(0);
            out.setShort(10, 1);
        });
    }

    private static byte[] bare(byte[] message, int end, int flags, int rcode) {
        byte[] answer = new byte[end];
        System.arraycopy(message, 0, answer, 0, Math.min(end, message.length));
        int operationAndRecursion = message[2] & (0x78 | RECURSION_DESIRED);
        answer[2] = (byte) (operationAndRecursion | flags);
        int checking = message.length > 3 ? message[3] & CHECKING_DISABLED : 0;
        answer[3] = (byte) (RECURSION_AVAILABLE | checking | rcode);
        for (int at = 4; at < Query.HEADER; at++) {
            answer[at] = 0;
        }
        answer[5] = (byte) (end > Query.HEADER ? 1 : 0);
        return answer;
    }

    /** The address that the settings give a name. */
    static byte[] fixed(Query query, InetAddress address, int most) {
        byte[] bytes = address.getAddress();
        int type = bytes.length == 4 ? RecordType.A : RecordType.AAAA;
        boolean asked = query.type() == type || query.type() == RecordType.ANY;
        var one = new ResourceRecord(query.name(), type, FIXED_TTL, ByteString.copyFrom(bytes));
        var answer = new Answer(ResponseCode.NO_ERROR, asked ? List.of(one) : List.of());
        return cluster(query, new Found(answer, 0, FIXED_TTL), "", "", Translation.NONE, most);
    }

    /**
     * What the far side said, under the name that was asked here.
     *
     * @param asked the name that the far side was asked for
     * @param domain the cluster's, for the record by which others keep that there is nothing
     * @param most bytes of the largest answer
     */
    static byte[] cluster(Query query, Found found, String asked, String domain, Translation translation, int most) {
        if (!found.answer().isTold()) {
            return code(query, ResponseCode.SERVER_FAILURE);
        }
        int rcode = found.answer().isUnknownName() ? ResponseCode.NAME_ERROR : ResponseCode.NO_ERROR;
        ByteBuf out = Unpooled.buffer(Query.LEAST_OF_UDP);
        out.writeBytes(bare(query.bytes(), query.end(), RESPONSE, rcode));
        Map<DomainName, Integer> written = new HashMap<>();
        written.put(query.name(), Query.HEADER);
        List<ResourceRecord> records = records(query, found.answer().records(), asked, translation);
        records.forEach(one -> write(out, one, found.ttl(one), written));
        out.setShort(6, records.size());
        if (records.isEmpty()) {
            nothing(query, found.mostSeconds(), domain).ifPresent(soa -> {
                write(out, soa, soa.ttl(), written);
                out.setShort(8, 1);
            });
        }
        writeEdns(out, query);
        return out.readableBytes() <= most ? ByteBufUtil.getBytes(out) : cut(query, rcode);
    }

    /** Owners that stand in the message already are pointed to; names in data are not, which not every type allows. */
    private static void write(ByteBuf out, ResourceRecord one, long ttl, Map<DomainName, Integer> written) {
        Integer before = written.get(one.owner());
        if (before != null) {
            out.writeShort(POINTER | before);
        } else {
            remember(written, one.owner(), out.writerIndex());
            out.writeBytes(one.owner().wire());
        }
        out.writeShort(one.type()).writeShort(Query.INTERNET).writeInt((int) ttl);
        out.writeShort(one.data().size());
        if (one.type() == RecordType.CNAME) {
            remember(written, new DomainName(one.data().toByteArray()), out.writerIndex());
        }
        out.writeBytes(one.data().asReadOnlyByteBuffer());
    }

    private static void remember(Map<DomainName, Integer> written, DomainName name, int offset) {
        if (offset <= MOST_OFFSET && !name.isRoot()) {
            written.putIfAbsent(name, offset);
        }
    }

    private static List<ResourceRecord> records(
            Query query, List<ResourceRecord> all, String asked, Translation translation) {
        List<ResourceRecord> told = all.stream()
                .filter(one ->
                        one.type() == query.type() || one.type() == RecordType.CNAME || query.type() == RecordType.ANY)
                .toList();
        if (told.isEmpty()) {
            return List.of();
        }
        // Some that are asked complete a name themselves and answer with what it became.
        DomainName owner = DomainName.of(asked)
                .filter(name -> told.stream().anyMatch(one -> one.owner().equals(name)))
                .orElse(told.getFirst().owner());
        return told.stream()
                .map(one -> one.owner().equals(owner) ? one.withOwner(query.name()) : one)
                .map(one -> shown(one, translation))
                .toList();
    }

    private static ResourceRecord shown(ResourceRecord one, Translation translation) {
        if (one.type() != RecordType.A && one.type() != RecordType.AAAA) {
            return one;
        }
        try {
            InetAddress real = InetAddress.getByAddress(one.data().toByteArray());
            return one.withData(ByteString.copyFrom(translation.shown(real).getAddress()));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
        }
    }

    /** By RFC 2308 only an answer with such a record is remembered by those that ask, and its owner must be above the name. */
    private static Optional<ResourceRecord> nothing(Query query, long seconds, String domain) {
        Optional<DomainName> zone = DomainName.of(domain)
                .filter(one -> !one.isRoot() && query.name().isUnder(one));
        Optional<DomainName> server = DomainName.of("ns.dns." + domain);
        Optional<DomainName> person = DomainName.of("hostmaster." + domain);
        if (zone.isEmpty() || server.isEmpty() || person.isEmpty()) {
            return Optional.empty();
        }
        // Serial, refresh, retry, expire: of a zone that nobody transfers. The last is for how long there is nothing.
        ByteBuf data = Unpooled.buffer()
                .writeBytes(server.get().wire())
                .writeBytes(person.get().wire())
                .writeInt(1)
                .writeInt(7200)
                .writeInt(1800)
                .writeInt(86_400)
                .writeInt((int) seconds);
        return Optional.of(new ResourceRecord(
                zone.get(), RecordType.SOA, seconds, ByteString.copyFrom(ByteBufUtil.getBytes(data))));
    }
}
