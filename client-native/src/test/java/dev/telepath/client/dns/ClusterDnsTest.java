package dev.telepath.client.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.dns.Answer;
import dev.telepath.dns.Dns;
import dev.telepath.dns.FakeNameServer;
import dev.telepath.dns.HostServers;
import dev.telepath.dns.Lookup;
import dev.telepath.dns.ResourceRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** The whole of it behind a real server, asked by dnsjava's resolver over real sockets. */
class ClusterDnsTest {
    private static final String WEB = "web.shop.svc.cluster.local";
    private static final ClusterNetwork NETWORK =
            new ClusterNetwork(List.of("10.96.0.0/12"), List.of(), "cluster.local.", Optional.empty());

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Map<String, Answer> zone = new ConcurrentHashMap<>();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private BiFunction<String, Integer, CompletionStage<Answer>> far = this::told;
    private Translation translation = Translation.NONE;
    private FakeNameServer machine;

    @BeforeEach
    void start() throws IOException {
        machine = FakeNameServer.of(Dns.record("example.com", Type.A, 60, "192.0.2.1"));
        open.add(machine);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private CompletionStage<Answer> told(String name, int type) {
        Answer known = zone.get(name + " " + type);
        boolean hasOther = zone.keySet().stream().anyMatch(key -> key.startsWith(name + " "));
        return CompletableFuture.completedFuture(
                known != null ? known : hasOther ? Dns.found() : Dns.code(Rcode.NXDOMAIN));
    }

    private void has(String name, int type, String... data) {
        ResourceRecord[] records = java.util.Arrays.stream(data)
                .map(one -> Dns.far(name, type, 10, one))
                .toArray(ResourceRecord[]::new);
        zone.put(name + " " + type, Dns.found(records));
    }

    private ClusterDns dns(String... settings) {
        Lookup side = (name, type) -> {
            asked.add(name + " " + Type.string(type));
            return far.apply(name, type);
        };
        var dns = new ClusterDns(
                DnsSettings.of(TestSettings.of(settings)),
                "shop",
                () -> Set.of("dev"),
                () -> NETWORK,
                side,
                List.of(machine.address()),
                0,
                translation,
                loops,
                metrics);
        open.add(dns);
        return dns;
    }

    private SimpleResolver resolver(ClusterDns dns) throws IOException {
        return resolver(dns.resolver());
    }

    private SimpleResolver resolver(Resolver resolver) throws IOException {
        DnsServer server =
                DnsServer.listen(InetAddress.getLoopbackAddress(), 0, loops, resolver, DnsServer.Limits.USUAL);
        open.add(server);
        var client = new SimpleResolver(server.address());
        client.setTimeout(Duration.ofSeconds(10));
        return client;
    }

    private static List<String> data(Message answer) {
        return answer.getSection(Section.ANSWER).stream()
                .map(Record::rdataToString)
                .toList();
    }

    @Test
    void aShortNameIsTheClustersAndIsAnsweredAsItWasAsked() throws IOException {
        has(WEB, Type.A, "10.96.0.7", "10.96.0.8");

        Message answer = resolver(dns()).send(Dns.question("Web", Type.A));

        assertThat(data(answer)).containsExactly("10.96.0.7", "10.96.0.8");
        assertThat(answer.getSection(Section.ANSWER))
                .allSatisfy(one -> assertThat(one.getName()).hasToString("Web."))
                .allSatisfy(one -> assertThat(one.getTTL()).isEqualTo(10));
        assertThat(answer.getHeader().getFlag(Flags.RA)).isTrue();
        assertThat(answer.getHeader().getFlag(Flags.RD)).isTrue();
        assertThat(asked).containsExactly(WEB + " A");
        assertThat(machine.asked).isEmpty();
    }

    @Test
    void allTypesAreAnswered() throws IOException {
        has("_http._tcp." + WEB, Type.SRV, "0 100 80 " + WEB + ".");
        has(WEB, Type.TXT, "\"hello world\"");
        has(WEB, Type.MX, "10 mail." + WEB + ".");
        has("7.0.96.10.in-addr.arpa", Type.PTR, WEB + ".");
        zone.put(
                "alias.shop.svc.cluster.local " + Type.A,
                Dns.found(
                        Dns.far("alias.shop.svc.cluster.local", Type.CNAME, 10, "db.example.com."),
                        Dns.far("db.example.com", Type.A, 10, "192.0.2.9")));
        SimpleResolver resolver = resolver(dns());

        assertThat(data(resolver.send(Dns.question("_http._tcp.web.shop", Type.SRV))))
                .containsExactly("0 100 80 " + WEB + ".");
        assertThat(data(resolver.send(Dns.question(WEB, Type.TXT)))).containsExactly("\"hello world\"");
        assertThat(data(resolver.send(Dns.question("web.shop.svc", Type.MX)))).containsExactly("10 mail." + WEB + ".");
        assertThat(data(resolver.send(Dns.question("7.0.96.10.in-addr.arpa", Type.PTR))))
                .containsExactly(WEB + ".");
        Message chain = resolver.send(Dns.question("alias", Type.A));
        assertThat(chain.getSection(Section.ANSWER))
                .extracting(one -> one.getName() + " " + one.rdataToString())
                .containsExactly("alias. db.example.com.", "db.example.com. 192.0.2.9");
    }

    @Test
    void otherNamesGoToTheMachinesServers() throws IOException {
        Message answer = resolver(dns()).send(Dns.question("example.com", Type.A));

        assertThat(data(answer)).containsExactly("192.0.2.1");
        assertThat(asked).isEmpty();
    }

    @Test
    void aNameThatMayBeAnothersIsAskedForElsewhereWhenTheClusterDoesNotKnowIt() throws IOException {
        Message answer = resolver(dns()).send(Dns.question("example.dev", Type.A));

        assertThat(data(answer)).containsExactly("192.0.2.1");
        assertThat(asked).startsWith("example.dev.svc.cluster.local A");

        zone.put("text.dev.svc.cluster.local " + Type.TXT, Dns.code(Rcode.NOTIMP));
        zone.put("text.dev.svc.cluster.local " + Type.A, Dns.code(Rcode.NXDOMAIN));
        zone.put("text.dev.svc.cluster.local " + Type.AAAA, Dns.code(Rcode.NXDOMAIN));
        assertThat(data(resolver(dns()).send(Dns.question("text.dev", Type.TXT))))
                .containsExactly("192.0.2.1");
    }

    @Test
    void aNameOfTheClusterThatIsUnknownIsUnknownAndSaysForHowLong() throws IOException {
        Message answer = resolver(dns()).send(Dns.question("nobody.shop.svc.cluster.local", Type.A));

        assertThat(answer.getRcode()).isEqualTo(Rcode.NXDOMAIN);
        assertThat(answer.getSection(Section.AUTHORITY)).singleElement().satisfies(soa -> {
            assertThat(soa.getType()).isEqualTo(Type.SOA);
            assertThat(soa.getName()).hasToString("cluster.local.");
            assertThat(soa.getTTL()).isEqualTo(5);
        });
        assertThat(machine.asked).isEmpty();
    }

    @Test
    void aNameWithOneFamilyOrATypeThatNobodyAnswersIsEmpty() throws IOException {
        has(WEB, Type.A, "10.96.0.7");
        zone.put(WEB + " " + Type.AAAA, Dns.code(Rcode.NXDOMAIN));
        zone.put(WEB + " " + Type.TXT, Dns.code(Rcode.NOTIMP));
        SimpleResolver resolver = resolver(dns());

        for (int type : new int[] {Type.AAAA, Type.TXT}) {
            Message answer = resolver.send(Dns.question("web", type));
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getSection(Section.ANSWER)).isEmpty();
        }
    }

    @Test
    void silenceAndFailureOfTheClusterAreServerFailuresInTime() throws IOException {
        far = (name, type) -> new CompletableFuture<>();
        SimpleResolver resolver = resolver(dns("dns.lookup-timeout", "100ms"));

        assertThat(resolver.send(Dns.question("web", Type.A)).getRcode()).isEqualTo(Rcode.SERVFAIL);
        far = (name, type) -> CompletableFuture.failedFuture(new IllegalStateException("the manager is away"));
        assertThat(resolver.send(Dns.question(WEB, Type.AAAA)).getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(machine.asked).isEmpty();
    }

    @Test
    void aMappedNameIsWhatItStandsFor() throws IOException {
        has("postgres.dev.svc.cluster.local", Type.A, "10.96.0.9");
        SimpleResolver resolver = resolver(dns("dns.mappings", "db=postgres.dev,old.example.com=10.1.2.3"));

        assertThat(data(resolver.send(Dns.question("db", Type.A)))).containsExactly("10.96.0.9");
        assertThat(data(resolver.send(Dns.question("old.example.com", Type.A)))).containsExactly("10.1.2.3");
        Message six = resolver.send(Dns.question("old.example.com", Type.AAAA));
        assertThat(six.getRcode()).isEqualTo(Rcode.NOERROR);
        assertThat(data(six)).isEmpty();
    }

    @Test
    void mappedNetworksAreShownAndReverseNamesLeadBack() throws IOException {
        InetAddress real = HostServers.address("10.96.0.7").orElseThrow();
        InetAddress shown = HostServers.address("198.18.0.7").orElseThrow();
        translation = new Translation() {
            @Override
            public InetAddress shown(InetAddress one) {
                return one.equals(real) ? shown : one;
            }

            @Override
            public Optional<InetAddress> real(InetAddress one) {
                return one.equals(shown) ? Optional.of(real) : Optional.empty();
            }
        };
        has(WEB, Type.A, "10.96.0.7", "10.200.0.1");
        has("7.0.96.10.in-addr.arpa", Type.PTR, WEB + ".");
        SimpleResolver resolver = resolver(dns());

        assertThat(data(resolver.send(Dns.question("web", Type.A)))).containsExactly("198.18.0.7", "10.200.0.1");
        Message pointer = resolver.send(Dns.question("7.0.18.198.in-addr.arpa", Type.PTR));
        assertThat(data(pointer)).containsExactly(WEB + ".");
        assertThat(pointer.getSection(Section.ANSWER).getFirst().getName()).hasToString("7.0.18.198.in-addr.arpa.");
    }

    @Test
    void anAnswerThatUdpCannotCarryIsCutAndWholeByTcp() throws IOException {
        has(WEB, Type.A, IntStream.range(0, 200).mapToObj(i -> "10.96.1." + i).toArray(String[]::new));
        SimpleResolver resolver = resolver(dns());

        resolver.setIgnoreTruncation(true);
        Message cut = resolver.send(Dns.question("web", Type.A));
        assertThat(cut.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(cut.numBytes()).isLessThanOrEqualTo(1280);

        resolver.setIgnoreTruncation(false);
        assertThat(data(resolver.send(Dns.question("web", Type.A)))).hasSize(200);
        resolver.setTCP(true);
        assertThat(data(resolver.send(Dns.question("web", Type.A)))).hasSize(200);
    }

    @Test
    void aLoopIsFoundAndToldAndWhatLoopsIsLeftToTheMachine() throws IOException {
        ClusterDns dns = dns("dns.include-suffixes", "corp,lab");
        SimpleResolver here = resolver(dns);
        // The cluster's DNS: what it does not know under corp it asks this machine for.
        far = (name, type) -> CompletableFuture.supplyAsync(() -> {
            if (!name.endsWith(".corp")) {
                return Dns.code(Rcode.NXDOMAIN);
            }
            try {
                return Dns.code(here.send(Dns.question(name, type)).getRcode());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });

        dns.start();

        await().untilAsserted(() -> assertThat(dns.status().loops()).containsExactly("corp"));
        assertThat(dns.suffixes().routed())
                .contains("cluster.local", "svc", "dev", "shop", "lab")
                .doesNotContain("corp");
        asked.clear();
        assertThat(data(here.send(Dns.question("a.corp", Type.A)))).containsExactly("192.0.2.1");
        assertThat(asked).isEmpty();
        here.send(Dns.question("a.lab", Type.A));
        assertThat(asked).contains("a.lab A");
    }

    @Test
    void whereTheDomainItselfLoopsOnlyTheRepeatedQuestionFails() throws IOException {
        ClusterDns dns = dns();
        SimpleResolver here = resolver(dns);
        List<Integer> insideCodes = new CopyOnWriteArrayList<>();
        far = (name, type) -> CompletableFuture.supplyAsync(() -> {
            try {
                insideCodes.add(here.send(Dns.question(name, type)).getRcode());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return name.equals(WEB) && type == Type.A
                    ? Dns.found(Dns.far(WEB, Type.A, 10, "10.96.0.7"))
                    : Dns.code(Rcode.NXDOMAIN);
        });
        dns.start();
        await().untilAsserted(() -> assertThat(dns.status().loops()).containsExactly("cluster.local"));
        assertThat(dns.suffixes().routed()).contains("cluster.local", "svc", "dev", "shop");
        insideCodes.clear();

        assertThat(data(here.send(Dns.question("web", Type.A)))).containsExactly("10.96.0.7");
        assertThat(insideCodes).containsExactly(Rcode.SERVFAIL);
    }

    @Test
    void withoutALoopNoneIsTold() {
        ClusterDns dns = dns();
        dns.start();

        await().untilAsserted(() -> assertThat(asked).hasSize(1));
        assertThat(asked.getFirst()).startsWith("tp-probe-").endsWith(".cluster.local A");
        assertThat(dns.status().loops()).isEmpty();
    }

    @Test
    void whatIsNoQuestionIsAnsweredAsSuchOrNotAtAll() throws IOException {
        Resolver resolver = dns().resolver();
        Message notify = Dns.question("web", Type.SOA);
        notify.getHeader().setOpcode(Opcode.NOTIFY);

        assertThat(rcode(resolver, notify.toWire())).isEqualTo(Rcode.NOTIMP);
        assertThat(rcode(resolver, new byte[] {1, 2, 0, 0})).isEqualTo(Rcode.FORMERR);
        assertThat(answer(resolver, new byte[] {1, 2, (byte) 0x80})).isEmpty();
        assertThat(answer(resolver, new byte[0])).isEmpty();
    }

    private static byte[] answer(Resolver resolver, byte[] query) {
        return resolver.answer(query, 512)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static int rcode(Resolver resolver, byte[] query) {
        return answer(resolver, query)[3] & 0xf;
    }

    @Test
    void questionsBeyondTheBoundFailAtOnceAndAreCounted() {
        far = (name, type) -> new CompletableFuture<>();
        ClusterDns dns = dns("dns.max-pending", "2", "dns.lookup-timeout", "60s");
        Resolver resolver = dns.resolver();
        resolver.answer(Dns.query("a", Type.A).bytes(), 512);
        resolver.answer(Dns.query("b", Type.A).bytes(), 512);

        assertThat(rcode(resolver, Dns.query("c", Type.A).bytes())).isEqualTo(Rcode.SERVFAIL);
        assertThat(metrics.counter("telepath.dns.questions", "kind", "cluster", "outcome", "refused")
                        .count())
                .isEqualTo(1);
        assertThat(dns.status().pending()).isEqualTo(2);
    }

    @Test
    void whatHappenedIsCounted() throws IOException {
        has(WEB, Type.A, "10.96.0.7");
        ClusterDns dns = dns();
        SimpleResolver resolver = resolver(dns);
        resolver.send(Dns.question("web", Type.A));
        resolver.send(Dns.question("web.shop", Type.A));
        resolver.send(Dns.question("example.com", Type.A));

        DnsStatus status = dns.status();
        assertThat(status.cluster()).isEqualTo(2);
        assertThat(status.other()).isEqualTo(1);
        assertThat(status.cacheHits()).isEqualTo(1);
        assertThat(status.failed()).isZero();
        assertThat(status.pending()).isZero();
        assertThat(status.domain()).isEqualTo("cluster.local");
        assertThat(status.servers())
                .containsExactly("127.0.0.1:" + machine.address().getPort());
        assertThat(metrics.timer("telepath.dns.answer", "kind", "cluster").count())
                .isEqualTo(2);
    }

    @Test
    void onceClosedEverythingFails() {
        ClusterDns dns = dns();
        dns.close();

        assertThat(rcode(dns.resolver(), Dns.query("web", Type.A).bytes())).isEqualTo(Rcode.SERVFAIL);
        assertThat(rcode(dns.resolver(), Dns.query("example.com", Type.A).bytes()))
                .isEqualTo(Rcode.SERVFAIL);
    }
}
