package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class QueryTest {
    @Test
    void aQuestionIsReadWithItsNameAndType() {
        Query query = Dns.query("Web.Shop", Type.SRV);

        assertThat(query.plainName()).contains("web.shop");
        assertThat(query.name()).hasToString("web.shop.");
        assertThat(query.type()).isEqualTo(Type.SRV);
        assertThat(query.isOfInternet()).isTrue();
        assertThat(query.end()).isEqualTo(query.bytes().length);
        assertThat(query.mostOfUdp()).isEqualTo(512);
    }

    @Test
    void ednsSaysWhatUdpTakes() {
        assertThat(withEdns(1232).mostOfUdp()).isEqualTo(1232);
        assertThat(withEdns(100).mostOfUdp()).isEqualTo(512);
        assertThat(withEdns(65535).mostOfUdp()).isEqualTo(65507);
        assertThat(Query.mostOfUdp(new byte[3])).isEqualTo(512);
    }

    private static Query withEdns(int size) {
        Message message = Dns.question("web", Type.A);
        message.addRecord(new OPTRecord(size, 0, 0), Section.ADDITIONAL);
        return Dns.query(message);
    }

    @Test
    void namesThatNoHostHasAreNotReadAsText() {
        assertThat(Dns.query("a\\.b.shop", Type.A).plainName()).isEmpty();
        assertThat(Dns.query("a\\032b.shop", Type.A).plainName()).isEmpty();
        assertThat(Dns.query("a\\200.shop", Type.A).plainName()).isEmpty();
        assertThat(Dns.query("_http._tcp.web", Type.SRV).plainName()).contains("_http._tcp.web");
        assertThat(Dns.query(".", Type.NS).plainName()).contains("");
    }

    @Test
    void whatIsNoQueryOfOneQuestionIsNone() {
        byte[] good = Dns.question("web", Type.A).toWire();
        byte[] answer = good.clone();
        answer[2] |= (byte) 0x80;
        byte[] two = good.clone();
        two[5] = 2;
        byte[] pointer = Arrays.copyOf(good, 18);
        pointer[12] = (byte) 0xc0;
        pointer[13] = 0;

        assertThat(Query.asks(answer)).isFalse();
        assertThat(Query.asks(new byte[2])).isFalse();
        assertThat(Query.parse(two)).isEmpty();
        assertThat(Query.parse(pointer)).isEmpty();
        assertThat(Query.parse(Arrays.copyOf(good, good.length - 1))).isEmpty();
    }

    @Property(tries = 300)
    void aQueryIsAnsweredByItsAnswerAndNoOther(
            @ForAll @AlphaChars @StringLength(min = 1, max = 40) String label,
            @ForAll @IntRange(max = 65535) int id,
            @ForAll @IntRange(min = 1, max = 65534) int other) {
        Query query = Dns.query(label + ".example", Type.A);
        Message answer = Dns.question(label.toUpperCase(java.util.Locale.ROOT) + ".example", Type.A);
        answer.getHeader().setID(id);
        answer.getHeader().setFlag(Flags.QR);
        byte[] told = answer.toWire();

        assertThat(query.isAnsweredBy(told, id)).isTrue();
        assertThat(query.isAnsweredBy(told, (id + other) & 0xffff)).isFalse();
        assertThat(Dns.query(label + ".example", Type.AAAA).isAnsweredBy(told, id))
                .isFalse();
        assertThat(Dns.query("x" + label + ".example", Type.A).isAnsweredBy(told, id))
                .isFalse();
    }

    @Property(tries = 2000)
    void nothingMakesItThrow(@ForAll @Size(max = 80) byte[] message) {
        Query.parse(message).ifPresent(query -> {
            assertThat(query.mostOfUdp()).isBetween(512, 65507);
            assertThat(query.isAnsweredBy(message, query.id())).isEqualTo(!Query.asks(message));
        });
    }

    @Test
    void aQuestionOfOnesOwnIsReadByOthers() {
        DomainName name = DomainName.of("_http._tcp.Web.shop").orElseThrow();
        Query query = Query.of(name, Type.SRV, 1232);
        Message read = Dns.message(query.bytes());

        assertThat(query.name()).isEqualTo(name);
        assertThat(query.mostOfUdp()).isEqualTo(1232);
        assertThat(read.getQuestion())
                .isEqualTo(Dns.question("_http._tcp.web.shop", Type.SRV).getQuestion());
        assertThat(read.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(read.getOPT().getPayloadSize()).isEqualTo(1232);
        assertThat(Dns.message(Query.of(name, Type.SRV, 0).bytes()).getOPT()).isNull();
    }
}
