package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class NameServersTest {
    /** Long enough that it decides nothing where an answer comes. */
    private static final NameServers.Patience PATIENT =
            new NameServers.Patience(Duration.ofSeconds(20), Duration.ofSeconds(20));

    private static final NameServers.Patience QUICK =
            new NameServers.Patience(Duration.ofMillis(50), Duration.ofSeconds(20));
    private static final NameServers.Patience IMPATIENT =
            new NameServers.Patience(Duration.ofMillis(20), Duration.ofMillis(100));

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final Query query = Dns.query("Example.ORG", Type.A);

    @AfterEach
    void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private NameServers servers(NameServers.Patience patience, FakeNameServer... servers) {
        return new NameServers(
                loops, Arrays.stream(servers).map(FakeNameServer::address).toList(), 0, patience);
    }

    private static byte[] ask(NameServers servers, Query query, int most) {
        return servers.ask(query, most)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static Record address(String address) {
        return Dns.record("example.org", Type.A, 60, address);
    }

    private static String address(byte[] answer) {
        return Dns.message(answer).getSection(Section.ANSWER).getFirst().rdataToString();
    }

    @Test
    void aQueryIsHandedOnAsItCameButForItsId() throws IOException {
        try (var server = FakeNameServer.of(address("192.0.2.1"))) {
            byte[] answer = ask(servers(PATIENT, server), query, 512);

            assertThat(address(answer)).isEqualTo("192.0.2.1");
            assertThat(Dns.message(answer).getHeader().getID()).isEqualTo(query.id());
            byte[] came = server.asked.getFirst().query();
            assertThat(Arrays.copyOfRange(came, 2, came.length))
                    .isEqualTo(Arrays.copyOfRange(query.bytes(), 2, query.bytes().length));
            assertThat(answer)
                    .isEqualTo(Query.withId(FakeNameServer.reply(came, 512, address("192.0.2.1")), query.id()));
        }
    }

    @Test
    void eachThatIsUnderWayHasAPortAndAnIdOfItsOwn() throws IOException {
        try (var silent = FakeNameServer.silent()) {
            NameServers servers = servers(PATIENT, silent);
            for (int i = 0; i < 50; i++) {
                servers.ask(query, 512);
            }
            await().untilAsserted(() -> assertThat(silent.asked).hasSize(50));

            assertThat(ports(silent)).hasSize(50);
            assertThat(silent.asked.stream()
                            .map(one -> Query.short16(one.query(), 0))
                            .distinct())
                    .hasSizeGreaterThan(40);
            servers.close();
        }
    }

    private static Set<Integer> ports(FakeNameServer server) {
        return server.asked.stream().map(FakeNameServer.Asked::port).collect(Collectors.toSet());
    }

    @Test
    void aPortServesAFewOneAfterAnotherAndNoMore() throws IOException {
        try (var server = FakeNameServer.of(address("192.0.2.1"))) {
            NameServers servers = servers(PATIENT, server);
            for (int i = 0; i < 100; i++) {
                ask(servers, query, 512);
            }

            assertThat(ports(server)).hasSizeBetween(4, 20);
        }
    }

    @Test
    void whereAPortHearsNothingAnyMoreAnotherIsTaken() throws IOException {
        List<Integer> before = new CopyOnWriteArrayList<>();
        try (var server = new FakeNameServer((asked, byTcp) -> FakeNameServer.reply(asked, 512, address("192.0.2.1"))) {
            @Override
            protected boolean isDeaf(int port) {
                return before.contains(port);
            }
        }) {
            NameServers servers = servers(QUICK, server);
            ask(servers, query, 512);
            before.addAll(ports(server));

            assertThat(address(ask(servers, query, 512))).isEqualTo("192.0.2.1");
            assertThat(ports(server)).hasSize(2);
        }
    }

    @Test
    void theNextIsAskedAfterASilence() throws IOException {
        try (var silent = FakeNameServer.silent();
                var server = FakeNameServer.of(address("192.0.2.2"))) {
            assertThat(address(ask(servers(QUICK, silent, server), query, 512))).isEqualTo("192.0.2.2");
            assertThat(silent.asked).hasSize(1);
        }
    }

    @Test
    void theNextIsAskedAtOnceWhereNobodyListensOrAServerCannot() throws IOException {
        int nobody;
        try (var free = new ServerSocket(0)) {
            nobody = free.getLocalPort();
        }
        try (var refusing = FakeNameServer.failing(Rcode.REFUSED);
                var server = FakeNameServer.of(address("192.0.2.3"))) {
            var servers = new NameServers(
                    loops,
                    List.of(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), nobody),
                            refusing.address(),
                            server.address()),
                    0,
                    PATIENT);

            assertThat(address(ask(servers, query, 512))).isEqualTo("192.0.2.3");
            assertThat(refusing.asked).hasSize(1);
        }
    }

    @Test
    void whereNoServerCanWhatOneSaidIsTold() throws IOException {
        try (var refusing = FakeNameServer.failing(Rcode.REFUSED)) {
            assertThat(Dns.message(ask(servers(PATIENT, refusing), query, 512)).getRcode())
                    .isEqualTo(Rcode.REFUSED);
        }
    }

    @Test
    void thatANameIsUnknownIsAnAnswer() throws IOException {
        try (var first = FakeNameServer.failing(Rcode.NXDOMAIN);
                var second = FakeNameServer.of(address("192.0.2.3"))) {
            assertThat(Dns.message(ask(servers(PATIENT, first, second), query, 512))
                            .getRcode())
                    .isEqualTo(Rcode.NXDOMAIN);
            assertThat(second.asked).isEmpty();
        }
    }

    @Test
    void silenceOfAllEndsInTime() throws IOException {
        try (var silent = FakeNameServer.silent()) {
            NameServers servers = servers(IMPATIENT, silent);

            assertThatThrownBy(() -> ask(servers, query, 512)).hasCauseInstanceOf(TimeoutException.class);
            assertThat(silent.asked).hasSize(2);
        }
    }

    @Test
    void withoutServersItFailsAtOnce() {
        assertThat(servers(PATIENT).ask(query, 512).toCompletableFuture()).isCompletedExceptionally();
    }

    @Test
    void answersToAnotherQuestionOrIdAreNotTaken() throws IOException {
        try (var server = new FakeNameServer((asked, byTcp) -> {
            byte[] forged =
                    FakeNameServer.reply(Dns.question("other.org", Type.A).toWire(), 512, address("192.0.2.66"));
            return Query.withId(forged, Query.short16(asked, 0));
        })) {
            assertThatThrownBy(() -> ask(servers(IMPATIENT, server), query, 512))
                    .hasCauseInstanceOf(TimeoutException.class);
        }
        try (var server = new FakeNameServer((asked, byTcp) ->
                Query.withId(FakeNameServer.reply(asked, 512, address("192.0.2.66")), Query.short16(asked, 0) ^ 1))) {
            assertThatThrownBy(() -> ask(servers(IMPATIENT, server), query, 512))
                    .hasCauseInstanceOf(TimeoutException.class);
        }
    }

    @Test
    void whatWasCutByUdpIsAskedForByTcpOnlyWhereTheProgramCanTakeIt() throws IOException {
        Record[] many =
                IntStream.range(0, 100).mapToObj(i -> address("192.0.2." + i)).toArray(Record[]::new);
        try (var server = FakeNameServer.of(many)) {
            NameServers servers = servers(PATIENT, server);

            Message byTcp = Dns.message(ask(servers, query, TcpMessages.MOST));
            assertThat(byTcp.getSection(Section.ANSWER)).hasSize(100);
            assertThat(byTcp.getHeader().getID()).isEqualTo(query.id());
            assertThat(server.asked).extracting(FakeNameServer.Asked::byTcp).containsExactly(false, true);

            Message byUdp = Dns.message(ask(servers, query, 512));
            assertThat(byUdp.getHeader().getFlag(org.xbill.DNS.Flags.TC)).isTrue();
            assertThat(server.asked).hasSize(3);
        }
    }

    @Test
    void otherServersAreAskedFromThenOn() throws IOException {
        try (var before = FakeNameServer.of(address("192.0.2.1"));
                var after = FakeNameServer.of(address("192.0.2.2"))) {
            NameServers servers = servers(PATIENT, before);
            servers.use(List.of(after.address()));

            assertThat(address(ask(servers, query, 512))).isEqualTo("192.0.2.2");
        }
    }

    @Test
    void closingEndsWhatIsUnderWay() throws IOException {
        try (var silent = FakeNameServer.silent()) {
            NameServers servers = servers(PATIENT, silent);
            CompletableFuture<byte[]> asked = servers.ask(query, 512).toCompletableFuture();
            servers.close();

            assertThat(asked).isCompletedExceptionally();
        }
    }
}
