package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import dev.telepath.client.dns.AnswerCache.Found;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Dns;
import dev.telepath.dns.MessageReader;
import dev.telepath.dns.Query;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.fuzz.Mutations;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/**
 * Whatever a program sends is answered at once, under its id and question and not longer than it takes, or not at all;
 * whatever a manager tells of a name makes an answer that can be read.
 */
class DnsFuzzTest {
    private static final NioEventLoopGroup LOOPS = new NioEventLoopGroup(1);
    private static final ClusterDns DNS = new ClusterDns(
            DnsSettings.of(TestSettings.of("dns.include-suffixes", "corp")),
            "shop",
            Set::of,
            () -> ClusterNetwork.UNKNOWN,
            (name, type) -> CompletableFuture.completedFuture(
                    type == Type.A ? Dns.found(Dns.far(name, Type.A, 10, "10.0.0.1")) : Dns.code(Rcode.NXDOMAIN)),
            List.of(),
            0,
            Translation.NONE,
            LOOPS,
            new SimpleMeterRegistry());

    @AfterAll
    static void stop() {
        LOOPS.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    @FuzzTest
    void query(byte[] input) {
        byte[] before = input.clone();
        int most = Resolver.mostOfUdp(input);
        CompletableFuture<byte[]> answered = DNS.resolver().answer(input, most).toCompletableFuture();

        assertThat(answered).isCompleted();
        assertThat(input).isEqualTo(before);
        byte[] answer = answered.join();
        assertThat(answer.length).isLessThanOrEqualTo(most);
        assertThat(answer.length > 0).isEqualTo(Query.asks(input));
        if (answer.length > 0) {
            assertThat(Arrays.copyOf(answer, 2)).isEqualTo(Arrays.copyOf(input, 2));
            assertThat(Query.asks(answer)).isFalse();
            Query.parse(input)
                    .ifPresent(asked ->
                            assertThat(asked.isAnsweredBy(answer, asked.id())).isTrue());
            Dns.message(answer);
        }
    }

    @FuzzTest
    void records(byte[] input) throws MessageReader.Malformed {
        List<ResourceRecord> records = ResourceRecord.unpack(ByteString.copyFrom(input));
        Query query = Dns.query("web", Type.ANY);
        byte[] answer = Replies.cluster(
                query,
                new Found(new Answer(Rcode.NOERROR, records), 0, 30),
                "web.shop.svc.cluster.local",
                "cluster.local",
                Translation.NONE,
                512);

        assertThat(answer.length).isLessThanOrEqualTo(512);
        assertThat(query.isAnsweredBy(answer, query.id())).isTrue();
        isWhole(answer, query.end());
    }

    /** All records can be told apart, and there is nothing behind them. */
    private static void isWhole(byte[] answer, int from) throws MessageReader.Malformed {
        var in = new MessageReader(answer, from);
        for (int i = Query.short16(answer, 6) + Query.short16(answer, 8) + Query.short16(answer, 10); i > 0; i--) {
            in.name();
            in.bytes(8);
            in.bytes(in.number16());
        }
        assertThat(in.remaining()).isZero();
    }

    @Test
    void mutatedQueriesAreAnsweredOrNot() {
        Mutations.of(DnsFuzzTest.class, "query", this::query);
    }

    @Test
    void mutatedRecordsMakeAnAnswer() {
        Mutations.of(DnsFuzzTest.class, "records", this::records);
    }
}
