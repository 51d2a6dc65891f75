package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class ResponseTest {
    private static final String NAME = "web.shop.svc.cluster.local";

    private static Query query(int type) {
        return Query.of(DomainName.of(NAME).orElseThrow(), type, 1232);
    }

    private static byte[] told(Query query, int most, Record... records) {
        return FakeNameServer.reply(query.bytes(), most, records);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "A | 10.0.0.1",
                "AAAA | fd00::1",
                "NS | ns.shop.svc.cluster.local.",
                "CNAME | other.shop.svc.cluster.local.",
                "DNAME | svc.cluster.local.",
                "PTR | web.shop.svc.cluster.local.",
                "MX | 10 mail.shop.svc.cluster.local.",
                "TXT | \"hello\" \"world\"",
                "SRV | 0 50 8080 pod.web.shop.svc.cluster.local.",
                "SOA | ns.svc.cluster.local. root.svc.cluster.local. 1 7200 1800 86400 5",
                "RP | web.shop.svc.cluster.local. shop.svc.cluster.local.",
                "AFSDB | 1 web.shop.svc.cluster.local.",
                "CAA | 0 issue \"ca.example\""
            })
    void recordsComeWithNamesInFullAndWithTheirTtl(String type, String data) {
        int number = Type.value(type);
        Query query = query(number);
        Record record = Dns.record(NAME, number, 77, data);
        Answer answer = Response.read(query, told(query, 512, record));

        assertThat(answer)
                .isEqualTo(Answer.of(List.of(new ResourceRecord(
                        query.name(), number, 77, ByteString.copyFrom(record.rdataToWireCanonical())))));
    }

    @Test
    void namesInDataThatPointBackAreWrittenInFull() {
        Query query = query(Type.MX);
        byte[] message = told(query, 512, Dns.record(NAME, Type.MX, 5, "10 mail." + NAME));
        // What the record takes in the message is less than what its name takes in full: it was shortened.
        assertThat(message.length).isLessThan(query.end() + 12 + 2 + NAME.length());

        assertThat(Response.read(query, message).records())
                .containsExactly(Dns.far(NAME, Type.MX, 5, "10 mail." + NAME + "."));
    }

    @Test
    void theCodeIsAsTheServerToldIt() {
        Query query = query(Type.TXT);
        for (int rcode : new int[] {Rcode.NXDOMAIN, Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP}) {
            byte[] message = told(query, 512);
            message[3] |= (byte) rcode;
            assertThat(Response.read(query, message)).isEqualTo(Answer.code(rcode));
        }
        assertThat(Response.read(query, told(query, 512))).isEqualTo(Answer.of(List.of()));
    }

    @Test
    void withoutItsQuestionNothingIsSaidOfAName() {
        Query query = query(Type.TXT);
        byte[] message = new byte[Query.HEADER];
        message[2] = (byte) 0x80;
        message[3] = Rcode.NXDOMAIN;
        assertThat(Response.read(query, message)).isEqualTo(Answer.FAILED);
        message[3] = Rcode.FORMERR;
        assertThat(Response.read(query, message)).isEqualTo(Answer.code(Rcode.FORMERR));
    }

    @Test
    void aDamagedAnswerIsAFailure() {
        Query query = query(Type.SRV);
        byte[] good = told(query, 512, Dns.record(NAME, Type.SRV, 5, "0 50 80 pod." + NAME + "."));
        for (int length = query.end(); length < good.length; length++) {
            assertThat(Response.read(query, Arrays.copyOf(good, length))).isEqualTo(Answer.FAILED);
        }
    }

    @Test
    void anAnswerIsNeverLongerThanAMessageHoweverShortItsNamesWereWritten() {
        Query query = Query.of(DomainName.of(("x".repeat(60) + ".").repeat(4)).orElseThrow(), Type.NS, 0);
        Message message = new Message();
        message.getHeader().setFlag(Flags.QR);
        message.addRecord(Dns.message(query.bytes()).getQuestion(), Section.QUESTION);
        for (int i = 0; i < 1500; i++) {
            message.addRecord(
                    Dns.record(query.name().toString(), Type.NS, 5, "n" + i + "." + "x".repeat(60) + "."),
                    Section.ANSWER);
        }
        List<ResourceRecord> records =
                Response.read(query, message.toWire(65_535)).records();

        assertThat(records.size()).isBetween(100, ResourceRecord.MOST);
        assertThat(ResourceRecord.pack(records).size()).isBetween(60_000, TcpMessages.MOST);
    }
}
