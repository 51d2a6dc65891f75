package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

class StubResolverTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final byte RCODE_MASK = 0xf;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private StubResolver resolver(Duration again, Duration most, HostServers host) {
        var servers = new NameServers(loops, List.of(), 0, new NameServers.Patience(again, most));
        return new StubResolver(servers, () -> host, Runnable::run, most);
    }

    private static HostServers host(FakeNameServer... servers) {
        return searching(List.of(), 1, servers);
    }

    private static HostServers searching(List<String> search, int ndots, FakeNameServer... servers) {
        List<InetSocketAddress> addresses =
                Arrays.stream(servers).map(FakeNameServer::address).toList();
        return new HostServers(addresses, search, ndots);
    }

    private Answer ask(HostServers host, String name, int type) {
        return ask(resolver(LONG, LONG, host), name, type);
    }

    private static Answer ask(StubResolver resolver, String name, int type) {
        return resolver.ask(name, type)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    /** A server of a few names, in lower case with the last dot, each with a code; it knows no others. */
    private static FakeNameServer zone(Map<String, Integer> codes, Record... records) throws IOException {
        return new FakeNameServer((query, byTcp) -> {
            Message asked = Dns.message(query);
            String name = asked.getQuestion().getName().toString();
            Record[] fitting = Arrays.stream(records)
                    .filter(one -> one.getName().toString().equals(name)
                            && one.getType() == asked.getQuestion().getType())
                    .toArray(Record[]::new);
            byte[] answer = FakeNameServer.reply(query, byTcp ? 65_535 : Query.mostOfUdp(query), fitting);
            boolean known = Arrays.stream(records)
                    .anyMatch(one -> one.getName().toString().equals(name));
            answer[3] |= (byte) (codes.getOrDefault(name, known ? Rcode.NOERROR : Rcode.NXDOMAIN) & RCODE_MASK);
            return answer;
        });
    }

    private static List<String> asked(FakeNameServer server) {
        return server.asked.stream()
                .map(one -> Dns.message(one.query()).getQuestion().getName().toString())
                .toList();
    }

    @Test
    void recordsOfEveryTypeAreAskedOfAServer() throws IOException {
        Record[] records = {
            Dns.record("_http._tcp.web.ns", Type.SRV, 30, "0 50 8080 pod.web.ns."),
            Dns.record("web.ns", Type.MX, 60, "10 mail.ns."),
            Dns.record("web.ns", Type.TXT, 60, "\"hello\""),
            Dns.record("alias.ns", Type.CNAME, 60, "web.ns."),
            Dns.record("ns", Type.NS, 60, "a.ns."),
            Dns.record("ns", Type.SOA, 60, "a.ns. root.ns. 1 2 3 4 5"),
            Dns.record("1.0.0.10.in-addr.arpa", Type.PTR, 60, "web.ns."),
            Dns.record("web.ns", Type.CAA, 60, "0 issue \"ca.example\"")
        };
        try (var server = zone(Map.of(), records)) {
            for (Record one : records) {
                String name = one.getName().toString();
                assertThat(ask(host(server), name, one.getType()).records())
                        .containsExactly(Dns.far(name, one.getType(), one.getTTL(), one.rdataToString()));
            }
        }
    }

    @Test
    void thatThereIsNoRecordOrNoNameIsTold() throws IOException {
        try (var server = zone(Map.of(), Dns.record("web.ns", Type.A, 30, "10.0.0.1"))) {
            assertThat(ask(host(server), "web.ns.", Type.MX)).isEqualTo(Answer.of(List.of()));
            assertThat(ask(host(server), "nobody.ns.", Type.MX)).isEqualTo(Answer.code(Rcode.NXDOMAIN));
            assertThat(ask(host(server), "no..name.", Type.MX)).isEqualTo(Answer.code(Rcode.NXDOMAIN));
            assertThat(asked(server)).containsExactly("web.ns.", "nobody.ns.");
        }
    }

    @Test
    void aLongAnswerComesByTcp() throws IOException {
        Record[] many = IntStream.range(0, 200)
                .mapToObj(i -> Dns.record("_http._tcp.web.ns", Type.SRV, 30, "0 1 80 pod-" + i + ".web.ns."))
                .toArray(Record[]::new);
        try (var server = zone(Map.of(), many)) {
            assertThat(ask(host(server), "_http._tcp.web.ns.", Type.SRV).records())
                    .hasSize(200);
            assertThat(server.asked).extracting(FakeNameServer.Asked::byTcp).containsExactly(false, true);
        }
    }

    @Test
    void aServerThatDoesNotKnowEdnsIsAskedWithout() throws IOException {
        try (var server = new FakeNameServer((query, byTcp) -> {
            boolean edns = Dns.message(query).getOPT() != null;
            byte[] answer = edns
                    ? FakeNameServer.reply(query, 512)
                    : FakeNameServer.reply(query, 512, Dns.record("web.ns", Type.TXT, 30, "\"plain\""));
            answer[3] |= (byte) (edns ? Rcode.FORMERR : Rcode.NOERROR);
            return answer;
        })) {
            assertThat(ask(host(server), "web.ns.", Type.TXT).records()).hasSize(1);
        }
    }

    @Test
    void theNextServerIsAskedAfterASilence() throws IOException {
        try (var silent = FakeNameServer.silent();
                var server = zone(Map.of(), Dns.record("web.ns", Type.TXT, 30, "\"hello\""))) {
            var resolver = resolver(Duration.ofMillis(50), LONG, host(silent, server));
            assertThat(ask(resolver, "web.ns.", Type.TXT).records()).hasSize(1);
            assertThat(silent.asked).hasSize(1);
        }
    }

    @Test
    void silenceOfAllIsAFailureInTime() throws IOException {
        try (var silent = FakeNameServer.silent()) {
            HostServers host = searching(List.of("a", "b", "c"), 1, silent);
            var resolver = resolver(Duration.ofMillis(20), Duration.ofMillis(100), host);

            assertThat(ask(resolver, "web", Type.TXT)).isEqualTo(Answer.FAILED);
            // One name used the time up.
            assertThat(asked(silent)).containsOnly("web.a.");
        }
    }

    @Test
    void whereThereAreNoServersTheTypeIsNotImplemented() {
        assertThat(ask(host(), "web.ns.", Type.TXT)).isEqualTo(Answer.code(Rcode.NOTIMP));
    }

    @Test
    void serversAreThoseOfTheMachineAtTheTimeOfTheQuestion() throws IOException {
        try (var before = zone(Map.of(), Dns.record("web.ns", Type.TXT, 30, "\"before\""));
                var after = zone(Map.of(), Dns.record("web.ns", Type.TXT, 30, "\"after\""))) {
            var now = new HashMap<String, HostServers>(Map.of("now", host(before)));
            var servers = new NameServers(loops, List.of(), 0, new NameServers.Patience(LONG, LONG));
            var resolver = new StubResolver(servers, () -> now.getOrDefault("now", host()), Runnable::run, LONG);

            assertThat(ask(resolver, "web.ns.", Type.TXT).records())
                    .containsExactly(Dns.far("web.ns", Type.TXT, 30, "\"before\""));
            now.put("now", host(after));
            assertThat(ask(resolver, "web.ns.", Type.TXT).records())
                    .containsExactly(Dns.far("web.ns", Type.TXT, 30, "\"after\""));
        }
    }

    @Test
    void theSearchListAndNdotsDecideWhatANameStandsFor() {
        HostServers host = searching(List.of("ns.svc.cluster.local", "cluster.local.", "."), 2);

        assertThat(StubResolver.names("web.", host)).hasToString("[web.]");
        assertThat(StubResolver.names("web", host))
                .hasToString("[web.ns.svc.cluster.local., web.cluster.local., web.]");
        assertThat(StubResolver.names("a.web", host))
                .hasToString("[a.web.ns.svc.cluster.local., a.web.cluster.local., a.web.]");
        assertThat(StubResolver.names("_http._tcp.web", host))
                .hasToString("[_http._tcp.web., _http._tcp.web.ns.svc.cluster.local., _http._tcp.web.cluster.local.]");
        assertThat(StubResolver.names("no..name", host)).isEmpty();
    }

    @Test
    void namesOfTheSearchListAreTriedUntilOneHasRecords() throws IOException {
        try (var server = zone(
                Map.of("web.first.", Rcode.SERVFAIL),
                Dns.record("web.second", Type.A, 30, "10.0.0.1"),
                Dns.record("web.third", Type.TXT, 30, "\"third\""))) {
            HostServers host = searching(List.of("first", "second", "third", "fourth"), 1, server);
            assertThat(ask(host, "web", Type.TXT).records())
                    .containsExactly(Dns.far("web.third", Type.TXT, 30, "\"third\""));
            assertThat(asked(server)).containsExactly("web.first.", "web.second.", "web.third.");

            // One of them exists, without a record of that type.
            assertThat(ask(host, "web", Type.MX)).isEqualTo(Answer.of(List.of()));
            // None exists, as far as it can be told.
            assertThat(ask(searching(List.of("other", "first"), 1, server), "web", Type.MX))
                    .isEqualTo(Answer.FAILED);
            assertThat(ask(searching(List.of("other"), 1, server), "web", Type.MX))
                    .isEqualTo(Answer.code(Rcode.NXDOMAIN));
        }
    }
}
