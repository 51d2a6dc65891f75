package dev.telepath.client.dns;

import com.google.protobuf.ByteString;
import dev.telepath.client.dns.AnswerCache.Found;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

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

    static byte[] code(Query query, int rcode) {
        return bare(query.bytes(), query.end(), RESPONSE, rcode);
    }

    /** An answer that says that the true one does not fit. */
    static byte[] cut(Query query, int rcode) {
        return bare(query.bytes(), query.end(), RESPONSE | TRUNCATED, rcode);
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
        int type = bytes.length == 4 ? Type.A : Type.AAAA;
        boolean asked = query.type() == type || query.type() == Type.ANY;
        var one = new FarRecord(query.name(), type, FIXED_TTL, ByteString.copyFrom(bytes));
        var found = new Found(new FarAnswer(Rcode.NOERROR, asked ? List.of(one) : List.of()), 0, FIXED_TTL);
        return cluster(query, found, query.name().toString(true).toLowerCase(Locale.ROOT), "", Translation.NONE, most);
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
            return code(query, Rcode.SERVFAIL);
        }
        var reply = new Message(query.id());
        Header header = reply.getHeader();
        header.setFlag(Flags.QR);
        header.setFlag(Flags.RA);
        copy(query, header, Flags.RD);
        copy(query, header, Flags.CD);
        header.setRcode(found.answer().isUnknownName() ? Rcode.NXDOMAIN : Rcode.NOERROR);
        reply.addRecord(Record.newRecord(query.name(), query.type(), query.dclass()), Section.QUESTION);
        List<Record> records = records(query, found, asked, translation);
        records.forEach(one -> reply.addRecord(one, Section.ANSWER));
        if (records.isEmpty()) {
            nothing(query, found.mostSeconds(), domain).ifPresent(one -> reply.addRecord(one, Section.AUTHORITY));
        }
        query.edns()
                .ifPresent(said -> reply.addRecord(
                        new OPTRecord(UDP_SIZE, 0, 0, said.dnssecOk() ? ExtendedFlags.DO : 0), Section.ADDITIONAL));
        byte[] written = reply.toWire(Math.max(most, Query.LEAST_OF_UDP));
        return written.length <= most ? written : cut(query, header.getRcode());
    }

    private static void copy(Query query, Header to, int flag) {
        int bits = Query.short16(query.bytes(), 2);
        if ((bits & 0x8000 >> flag) != 0) {
            to.setFlag(flag);
        }
    }

    private static List<Record> records(Query query, Found found, String asked, Translation translation) {
        List<FarRecord> told = found.answer().records().stream()
                .filter(one -> one.type() == query.type() || one.type() == Type.CNAME || query.type() == Type.ANY)
                .toList();
        if (told.isEmpty()) {
            return List.of();
        }
        // Some that are asked complete a name themselves and answer with what it became.
        Name first = told.getFirst().owner();
        Name owner = told.stream()
                .map(FarRecord::owner)
                .filter(one -> one.toString(true).equalsIgnoreCase(asked))
                .findFirst()
                .orElse(first);
        var records = new ArrayList<Record>();
        for (FarRecord one : told) {
            Name as = one.owner().equals(owner) ? query.name() : one.owner();
            one.written(as, found.ttl(one), shown(one, translation)).ifPresent(records::add);
        }
        return records;
    }

    private static ByteString shown(FarRecord one, Translation translation) {
        boolean isAddress = one.type() == Type.A || one.type() == Type.AAAA;
        if (!isAddress) {
            return one.data();
        }
        try {
            InetAddress real = InetAddress.getByAddress(one.data().toByteArray());
            return ByteString.copyFrom(translation.shown(real).getAddress());
        } catch (UnknownHostException e) {
            return one.data();
        }
    }

    /** By RFC 2308 only an answer with such a record is remembered by those that ask, and its owner must be above the name. */
    private static Optional<Record> nothing(Query query, long seconds, String domain) {
        try {
            Name zone = Name.fromString(domain, Name.root);
            if (zone.equals(Name.root) || !query.name().subdomain(zone)) {
                return Optional.empty();
            }
            Name server = Name.fromString("ns.dns", zone);
            Name person = Name.fromString("hostmaster", zone);
            return Optional.of(new SOARecord(zone, DClass.IN, seconds, server, person, 1, 7200, 1800, 86_400, seconds));
        } catch (TextParseException e) {
            return Optional.empty();
        }
    }
}
