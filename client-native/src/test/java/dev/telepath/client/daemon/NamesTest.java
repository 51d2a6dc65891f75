package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.dns.ClusterDns;
import dev.telepath.client.dns.Translation;
import dev.telepath.client.home.Journal;
import dev.telepath.client.network.ClusterNetwork;
import dev.telepath.client.session.DirectWay;
import dev.telepath.client.session.Policy;
import dev.telepath.client.session.SessionKeeper;
import dev.telepath.client.session.Target;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Names by a manager over a real connection: there, away and back, or unable. */
@Timeout(60)
class NamesTest {
    private static final Set<String> OLD = Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient");

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final List<DNSRequest> asked = new CopyOnWriteArrayList<>();
    private FakeManager manager;
    private SessionKeeper keeper;
    private ClusterDns dns;

    @BeforeAll
    static void quiet() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void connect() throws IOException {
        manager = manager(0);
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        flags.put(Setting.RECONNECT_FIRST, "20ms");
        flags.put(Setting.RECONNECT_MOST, "100ms");
        Settings settings = Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty());
        var way = new DirectWay(
                ManagerAddress.parse("http://127.0.0.1:" + manager.port()), Optional.empty(), Optional.empty());
        keeper = new SessionKeeper(
                new Target(way, "default", "tester@here"),
                Policy.of(settings),
                loops,
                metrics,
                new Journal(folder.resolve("journal.json")),
                "test",
                Optional.empty(),
                List.of(),
                addresses -> {});
        keeper.start();
        keeper.awaitAttached(Duration.ofSeconds(10));
        dns = new ClusterDns(
                settings,
                "default",
                Set::of,
                () -> ClusterNetwork.UNKNOWN,
                () -> keeper.attachmentWithin(Duration.ofSeconds(20)),
                List.of(),
                0,
                Translation.NONE,
                loops,
                metrics);
    }

    private FakeManager manager(int port) throws IOException {
        var fresh = new FakeManager(port, OLD);
        fresh.names = question -> {
            asked.add(question);
            return web(question);
        };
        return fresh;
    }

    private static DNSResponse web(DNSRequest question) {
        try {
            var record = new ARecord(
                    Name.fromString(question.getName()), DClass.IN, 0, InetAddress.getByAddress(new byte[] {10, 0, 0, 1
                    }));
            return DNSResponse.newBuilder()
                    .setRrs(ByteString.copyFrom(record.toWire(Section.ANSWER)))
                    .build();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void stop() {
        dns.close();
        keeper.stop();
        manager.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private Message ask(String name) throws IOException {
        Record question = Record.newRecord(Name.fromString(name), Type.A, DClass.IN);
        byte[] query = Message.newQuery(question).toWire();
        return new Message(
                dns.resolver().answer(query, 512).toCompletableFuture().join());
    }

    @Test
    void aNameIsAskedOfTheManagerAsAWorkloadWould() throws IOException {
        Message answer = ask("web.");

        assertThat(answer.getSection(Section.ANSWER))
                .extracting(Record::rdataToString)
                .containsExactly("10.0.0.1");
        assertThat(asked).singleElement().satisfies(question -> {
            assertThat(question.getName()).isEqualTo("web.default.svc.cluster.local.");
            assertThat(question.getType()).isEqualTo(Type.A);
            assertThat(question.getSession().getSessionId()).isNotEmpty();
        });
    }

    @Test
    void whileTheManagerIsAwayNamesFailSoonAndThenTheyAreKnownAgain() throws IOException {
        int port = manager.port();
        manager.close();
        await().until(() -> keeper.attachment().isEmpty());

        long start = System.nanoTime();
        assertThat(ask("web.").getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));

        manager = manager(port);
        keeper.awaitAttached(Duration.ofSeconds(10));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(ask("web.").getRcode()).isEqualTo(Rcode.NOERROR));
    }

    @Test
    void aManagerThatLacksLookUpsIsAFailureAndNoUnknownName() throws IOException {
        manager.names = question -> {
            throw Status.UNIMPLEMENTED.asRuntimeException();
        };

        assertThat(ask("web.").getRcode()).isEqualTo(Rcode.SERVFAIL);
        assertThat(asked).isEmpty();
    }
}
