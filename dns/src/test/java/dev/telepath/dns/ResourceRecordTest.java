package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Type;

class ResourceRecordTest {
    private static final DomainName WEB = DomainName.of("web.default.").orElseThrow();

    private static InetAddress ip(String text) {
        return HostServers.address(text).orElseThrow();
    }

    private static ByteString packed(String... addresses) {
        return ResourceRecord.pack(List.of(addresses).stream()
                .map(one -> ResourceRecord.address(WEB, ip(one), 10))
                .toList());
    }

    @Test
    void anAddressRecordHasItsWireForm() {
        assertThat(HexFormat.of().formatHex(packed("10.1.2.3").toByteArray()))
                .isEqualTo("03776562" + "0764656661756c74" + "00" + "0001" + "0001" + "0000000a" + "0004" + "0a010203");
    }

    @Test
    void whatIsPackedIsReadBack() {
        List<ResourceRecord> records = List.of(
                ResourceRecord.address(WEB, ip("10.1.2.3"), 10),
                ResourceRecord.address(WEB, ip("fd00::1"), 0),
                Dns.far("_http._tcp.web", Type.SRV, 30, "0 50 8080 pod.web."),
                Dns.far("web", Type.MX, 30, "10 mail.web."),
                Dns.far("web", Type.TXT, 30, "\"hello\" \"\""),
                Dns.far("web", Type.CNAME, 30, "other.web."),
                Dns.far("web", Type.NS, 30, "ns.web."),
                Dns.far("web", Type.SOA, 30, "ns.web. root.web. 1 2 3 4 5"),
                Dns.far("web", Type.CAA, Integer.MAX_VALUE, "0 issue \"ca.example\""));

        assertThat(ResourceRecord.unpack(ResourceRecord.pack(records))).isEqualTo(records);
        assertThat(ResourceRecord.addresses(records)).containsExactly(ip("10.1.2.3"), ip("fd00::1"));
        assertThat(Answer.of(new Answer(ResponseCode.NO_ERROR, records).toResponse()))
                .isEqualTo(Answer.of(records));
    }

    @Test
    void malformedRecordsEndTheReading() {
        ByteString good = packed("10.1.2.3");

        for (int cut = 0; cut < good.size(); cut++) {
            assertThat(ResourceRecord.unpack(good.substring(0, cut))).isEmpty();
        }
        assertThat(ResourceRecord.unpack(good.concat(ByteString.copyFrom(new byte[] {(byte) 0x80, 1}))))
                .hasSize(1);
    }

    @Test
    void dataThatAreNotOfTheirTypeAreLeftOut() {
        List<ResourceRecord> wrong = List.of(
                new ResourceRecord(WEB, Type.A, 1, ByteString.copyFrom(new byte[5])),
                new ResourceRecord(WEB, Type.CNAME, 1, ByteString.copyFrom(new byte[] {3, 'a'})),
                new ResourceRecord(WEB, Type.MX, 1, ByteString.copyFrom(new byte[] {0})),
                new ResourceRecord(WEB, Type.TXT, 1, ByteString.copyFrom(new byte[] {3, 'a'})),
                new ResourceRecord(WEB, Type.SRV, 1, ByteString.copyFrom(new byte[] {0, 0, 0, 0, 0, 0, 0, 0})));

        assertThat(ResourceRecord.unpack(ResourceRecord.pack(wrong))).isEmpty();
    }
}
