package dev.telepath.agent.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.dns.Answer;
import dev.telepath.dns.DomainName;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.dns.ResponseCode;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class NamesTest {
    private static final Answer NO_SERVERS = Answer.code(ResponseCode.NOT_IMPLEMENTED);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AgentMetrics metrics = new AgentMetrics(registry, new Credit(1, 1));

    private DNSResponse answer(String name, int type, Answer ofServers) {
        return new Names(Runnable::run, (any, of) -> CompletableFuture.completedFuture(ofServers), 4, metrics)
                .answer(DNSRequest.newBuilder().setName(name).setType(type).build())
                .toCompletableFuture()
                .join();
    }

    @Test
    void anAddressIsAnsweredAsAPackedRecord() {
        var response = answer("localhost.", RecordType.A, NO_SERVERS);
        assertThat(response.getRCode()).isZero();
        assertThat(HexFormat.of().formatHex(response.getRrs().toByteArray()))
                .isEqualTo("096c6f63616c686f737400" + "0001" + "0001" + "00000004" + "0004" + "7f000001");
    }

    @Test
    void otherRecordsAreThoseOfTheNameServers() {
        var text = new ResourceRecord(
                DomainName.of("web.ns").orElseThrow(), RecordType.TXT, 30, ByteString.copyFrom(new byte[] {1, 'x'}));
        var response = answer("web.ns.", RecordType.TXT, Answer.of(List.of(text)));

        assertThat(response.getRCode()).isZero();
        assertThat(ResourceRecord.unpack(response.getRrs())).containsExactly(text);
    }

    @Test
    void withoutNameServersOtherTypesAreNotImplementedAndUnknownNamesDoNotExist() {
        assertThat(answer("localhost.", RecordType.SRV, NO_SERVERS).getRCode()).isEqualTo(ResponseCode.NOT_IMPLEMENTED);
        assertThat(answer("no-such-host.invalid.", RecordType.A, NO_SERVERS).getRCode())
                .isEqualTo(ResponseCode.NAME_ERROR);
        assertThat(answer("", RecordType.PTR, NO_SERVERS).getRCode()).isEqualTo(ResponseCode.NAME_ERROR);
    }

    @Test
    void questionsAreCountedByWhatCameOfThem() {
        answer("localhost.", RecordType.A, NO_SERVERS);
        answer("localhost.", RecordType.MX, NO_SERVERS);
        answer("localhost.", RecordType.MX, Answer.of(List.of()));

        for (String outcome : List.of("answered", "unsupported", "empty")) {
            assertThat(registry.get("telepath.dns.questions")
                            .tag("outcome", outcome)
                            .counter()
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void lookupsBeyondTheLimitFailAtOnce() {
        List<Runnable> waiting = new ArrayList<>();
        var names = new Names(waiting::add, (any, of) -> new CompletableFuture<>(), 1, metrics);
        var first = names.addresses("localhost").toCompletableFuture();
        assertThat(names.addresses("localhost").toCompletableFuture()).isCompletedExceptionally();
        waiting.forEach(Runnable::run);
        assertThat(first.join()).isNotEmpty();
        names.addresses("localhost");
        assertThat(waiting).hasSize(2);
    }
}
