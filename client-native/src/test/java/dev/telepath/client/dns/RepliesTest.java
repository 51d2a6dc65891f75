package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Dns;
import dev.telepath.dns.Query;
import dev.telepath.dns.ResourceRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ExtendedFlags;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class RepliesTest {
    private static final String ASKED = "web.shop.svc.cluster.local";

    private static Message reply(Query query, Answer answer, int most) {
        byte[] told = Replies.cluster(query, new Found(answer, 2, 30), ASKED, "cluster.local", Translation.NONE, most);
        assertThat(told.length).isLessThanOrEqualTo(most);
        return Dns.message(told);
    }

    @Property(tries = 300)
    void anAnswerKeepsIdAndQuestionFitsAndIsWholeOrCut(
            @ForAll @IntRange(max = 120) int addresses,
            @ForAll @IntRange(max = 20) int texts,
            @ForAll @IntRange(min = 512, max = 4096) int most,
            @ForAll @IntRange(max = 65535) int id,
            @ForAll @LongRange(max = 100) long ttl,
            @ForAll boolean edns) {
        Message asked = Dns.question("WEB.shop", Type.ANY);
        asked.getHeader().setID(id);
        if (edns) {
            asked.addRecord(new OPTRecord(most, 0, 0, ExtendedFlags.DO), Section.ADDITIONAL);
        }
        List<ResourceRecord> records = new ArrayList<>();
        for (int i = 0; i < addresses; i++) {
            records.add(Dns.far(ASKED, Type.A, ttl, "10.0.0." + i));
        }
        for (int i = 0; i < texts; i++) {
            records.add(Dns.far(ASKED, Type.TXT, ttl, "\"" + "x".repeat(100 + i) + "\""));
        }

        Message reply = reply(Dns.query(asked), new Answer(Rcode.NOERROR, records), most);

        assertThat(reply.getHeader().getID()).isEqualTo(id);
        assertThat(reply.getQuestion()).isEqualTo(asked.getQuestion());
        assertThat(reply.getQuestion().getName()).hasToString("WEB.shop.");
        assertThat(reply.getOPT() != null).isEqualTo(edns);
        List<Record> told = reply.getSection(Section.ANSWER);
        if (!reply.getHeader().getFlag(Flags.TC)) {
            assertThat(told).hasSize(records.size());
        } else {
            assertThat(told.size()).isLessThan(records.size());
        }
        assertThat(told).allSatisfy(one -> {
            assertThat(one.getName()).isEqualTo(Dns.name("web.shop"));
            assertThat(one.getTTL()).isEqualTo(Math.clamp(ttl - 2, 0, 30));
        });
    }

    @Test
    void theFlagsOfTheQuestionAreKept() {
        Message asked = Dns.question("web.shop", Type.A);
        asked.getHeader().unsetFlag(Flags.RD);
        asked.getHeader().setFlag(Flags.CD);
        Message reply = reply(Dns.query(asked), Dns.found(), 512);

        assertThat(reply.getHeader().getFlag(Flags.RD)).isFalse();
        assertThat(reply.getHeader().getFlag(Flags.CD)).isTrue();
        assertThat(reply.getHeader().getFlag(Flags.AA)).isFalse();
    }

    @Test
    void aNameThatTheFarSideCompletedIsAnsweredAsItWasAsked() {
        Message reply = reply(
                Dns.query("web.shop", Type.A),
                Dns.found(Dns.far("web.shop.svc.elsewhere", Type.A, 10, "10.0.0.1")),
                512);

        assertThat(reply.getSection(Section.ANSWER).getFirst().getName()).isEqualTo(Dns.name("web.shop"));
    }

    @Test
    void recordsOfOtherTypesAreLeftOut() {
        Message reply = reply(
                Dns.query("web.shop", Type.A),
                Dns.found(Dns.far(ASKED, Type.AAAA, 10, "fd00::1"), Dns.far(ASKED, Type.A, 10, "10.0.0.1")),
                512);

        assertThat(reply.getSection(Section.ANSWER)).extracting(Record::getType).containsExactly(Type.A);
    }

    @Test
    void thatAShortNameIsEmptyHasNoAuthorityThatIsNotAboveIt() {
        assertThat(reply(Dns.query("web", Type.A), Dns.found(), 512).getSection(Section.AUTHORITY))
                .isEmpty();
        assertThat(reply(Dns.query(ASKED, Type.A), Dns.found(), 512).getSection(Section.AUTHORITY))
                .hasSize(1);
    }

    @Property(tries = 2000)
    void anErrorKeepsIdQuestionAndOperation(@ForAll @Size(max = 80) byte[] message) {
        if (!Query.asks(message)) {
            return;
        }
        byte[] answer = Replies.code(message, Rcode.FORMERR);

        assertThat(answer).startsWith(message[0], message[1]);
        assertThat(answer.length).isGreaterThanOrEqualTo(Query.HEADER);
        assertThat(Query.asks(answer)).isFalse();
        assertThat(Query.opcode(answer)).isEqualTo(Query.opcode(message));
        assertThat(answer[3] & 0xf).isEqualTo(Rcode.FORMERR);
        Query.parse(message)
                .ifPresent(query -> assertThat(answer)
                        .hasSize(query.end())
                        .endsWith(Arrays.copyOfRange(message, Query.HEADER, query.end())));
    }

    @Test
    void operationsOtherThanQuestionsAreTold() {
        Message notify = Dns.question("web", Type.SOA);
        notify.getHeader().setOpcode(Opcode.NOTIFY);

        assertThat(Query.opcode(notify.toWire())).isEqualTo(Opcode.NOTIFY);
        assertThat(Dns.message(Replies.code(notify.toWire(), Rcode.NOTIMP)).getRcode())
                .isEqualTo(Rcode.NOTIMP);
    }
}
