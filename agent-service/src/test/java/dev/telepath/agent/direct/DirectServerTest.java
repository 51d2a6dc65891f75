package dev.telepath.agent.direct;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.direct.DirectCaller;
import dev.telepath.tunnel.direct.TicketKey;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.liveness.Rhythm;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.transport.AgentChannel;
import dev.telepath.tunnel.transport.ManagerChannel;
import dev.telepath.tunnel.transport.Underlay;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an agent lets in at its own port, over real TLS. */
@NullUnmarked
@Timeout(60)
class DirectServerTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static Identity identity;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final List<ManagedChannel> channels = new ArrayList<>();
    private AgentStreams streams;
    private DirectServer server;

    @BeforeAll
    static void makeCertificate() {
        var key = Identity.newKey();
        identity = Identity.of(key, certificateOf(key));
    }

    @BeforeEach
    void start() {
        streams = new AgentStreams(
                new CarriedStreams(loops.next(), CarrySettings.STANDARD, new Blocks(), new SimpleMeterRegistry()),
                null,
                new Backoff(Duration.ofMillis(1), Duration.ofMillis(5)),
                Duration.ZERO);
        server = start(HERE, false);
    }

    private DirectServer start(InetAddress address, boolean forwarded) {
        return DirectServer.start(
                address, forwarded, identity, streams, new Credit(32 * 1024, 1 << 20), Rhythm.STANDARD, loops.next());
    }

    @AfterEach
    void end() {
        channels.forEach(ManagedChannel::shutdownNow);
        server.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private ManagedChannel channel(String session, ByteString ticket) {
        return channel(session, ticket, server.port());
    }

    private ManagedChannel channel(String session, ByteString ticket, int port) {
        var channel = AgentChannel.open(
                Underlay.straight(new InetSocketAddress(HERE, port)),
                HexFormat.of().formatHex(identity.fingerprint().toByteArray()),
                new DirectCaller(session, ticket),
                loops,
                ManagerChannel.Limits.STANDARD,
                SOON);
        channels.add(channel);
        return channel;
    }

    private ManagedChannel channelOf(String session) {
        return channel(session, identity.tickets().ticket(session));
    }

    /** A call's answers, and how it ended. */
    private static final class Heard<T> implements StreamObserver<T> {
        final List<T> items = new CopyOnWriteArrayList<>();
        final CompletableFuture<Status> ended = new CompletableFuture<>();

        @Override
        public void onNext(T item) {
            items.add(item);
        }

        @Override
        public void onError(Throwable cause) {
            ended.complete(Status.fromThrowable(cause));
        }

        @Override
        public void onCompleted() {
            ended.complete(Status.OK);
        }

        Status.Code end() throws Exception {
            return ended.get(SOON.toSeconds(), TimeUnit.SECONDS).getCode();
        }
    }

    private static Heard<LinkRequest> watch(ManagedChannel channel, String session) {
        var heard = new Heard<LinkRequest>();
        StreamsGrpc.newStub(channel)
                .watchLinks(LinkWatch.newBuilder().setSessionId(session).build(), heard);
        return heard;
    }

    private int clients() throws Exception {
        return loops.submit(server::clients).get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void aClientWithItsTicketWatchesAndIsGoneWithItsConnection() throws Exception {
        ManagedChannel channel = channelOf("one");
        Heard<LinkRequest> watch = watch(channel, "one");

        await().atMost(SOON).until(() -> watch.items.size() == 1);
        assertThat(watch.items.getFirst()).as("asks for nothing yet").isEqualTo(LinkRequest.getDefaultInstance());
        assertThat(clients()).isEqualTo(1);
        assertThat(streams.directClients()).isEqualTo(1);

        channel.shutdownNow();
        await().atMost(SOON).until(() -> clients() == 0 && streams.directClients() == 0);
    }

    @Test
    void aTicketIsGoodForItsOwnSessionAtThisAgentAlone() throws Exception {
        ByteString anothers = identity.tickets().ticket("one");
        ByteString elsewhere = TicketKey.random().ticket("two");

        assertThat(watch(channel("two", anothers), "two").end()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(watch(channel("two", elsewhere), "two").end()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(watch(channel("two", ByteString.EMPTY), "two").end()).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(watch(channelOf("one"), "two").end()).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(clients()).isZero();
    }

    @Test
    void callsOfWhoDoesNotWatchAndCallsForNoLinkAreRefused() throws Exception {
        ManagedChannel channel = channelOf("one");
        var unwatched = new Heard<StreamFrame>();
        StreamsGrpc.newStub(channel).carry(unwatched);
        assertThat(unwatched.end()).isEqualTo(Status.Code.FAILED_PRECONDITION);

        Heard<LinkRequest> watch = watch(channel, "one");
        await().atMost(SOON).until(() -> watch.items.size() == 1);
        var unasked = new Heard<StreamFrame>();
        StreamsGrpc.newStub(channel)
                .carry(unasked)
                .onNext(StreamFrame.newBuilder()
                        .setAnswer(StreamFrame.Answer.newBuilder().setLink(1).setSessionId("one"))
                        .build());
        assertThat(unasked.end()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void aSecondWatchOfASessionTakesThePlaceOfTheFirst() throws Exception {
        Heard<LinkRequest> first = watch(channelOf("one"), "one");
        await().atMost(SOON).until(() -> first.items.size() == 1);

        Heard<LinkRequest> second = watch(channelOf("one"), "one");

        assertThat(first.end()).isEqualTo(Status.Code.OK);
        await().atMost(SOON).until(() -> second.items.size() == 1);
        assertThat(clients()).isEqualTo(1);
        assertThat(streams.directClients()).isEqualTo(1);
    }

    @Test
    void connectionsBeyondTheBoundAreClosedAtOnceAndTheOthersStay() throws Exception {
        Heard<LinkRequest> watch = watch(channelOf("one"), "one");
        await().atMost(SOON).until(() -> watch.items.size() == 1);
        List<Socket> strangers = new ArrayList<>();
        try {
            for (int i = 1; i < DirectServer.CONNECTIONS; i++) {
                strangers.add(new Socket(HERE, server.port()));
            }
            try (var tooMany = new Socket(HERE, server.port())) {
                tooMany.setSoTimeout((int) SOON.toMillis());
                isClosed(tooMany);
            }
            strangers.removeLast().close();
            await().atMost(SOON).untilAsserted(() -> {
                Heard<LinkRequest> another = watch(channelOf("two"), "two");
                await().atMost(Duration.ofSeconds(2)).until(() -> another.items.size() == 1);
            });
            assertThat(watch.ended).isNotDone();
        } finally {
            for (Socket each : strangers) {
                each.close();
            }
        }
    }

    /** Where port-forwards come in. */
    @Test
    void anAgentInAPodTakesClientsAtItsLoopbackTooAndAllCountTogether() throws Exception {
        assertThat(server.loopbackPort()).isZero();
        InetAddress own = InetAddress.getByName("127.0.0.2");
        DirectServer pod = start(own, true);
        List<Socket> strangers = new ArrayList<>();
        try {
            assertThat(pod.loopbackPort()).isPositive().isNotEqualTo(pod.port());
            var channel = channel("one", identity.tickets().ticket("one"), pod.loopbackPort());
            Heard<LinkRequest> watch = watch(channel, "one");
            await().atMost(SOON).until(() -> watch.items.size() == 1);
            for (int i = 1; i < DirectServer.CONNECTIONS; i++) {
                strangers.add(new Socket(own, pod.port()));
            }
            try (var tooMany = new Socket(HERE, pod.loopbackPort())) {
                tooMany.setSoTimeout((int) SOON.toMillis());
                isClosed(tooMany);
            }
            assertThat(watch.ended).isNotDone();
        } finally {
            for (Socket each : strangers) {
                each.close();
            }
            loops.submit(pod::close).get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static void isClosed(Socket closed) {
        try {
            assertThat(closed.getInputStream().read()).isEqualTo(-1);
        } catch (IOException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    @Test
    void atTheEndAllWatchesEndAndThePortIsFree() throws Exception {
        Heard<LinkRequest> watch = watch(channelOf("one"), "one");
        await().atMost(SOON).until(() -> watch.items.size() == 1);

        int port = server.port();

        loops.submit(server::close).get(SOON.toSeconds(), TimeUnit.SECONDS);

        assertThat(watch.ended.get(SOON.toSeconds(), TimeUnit.SECONDS)).isNotNull();
        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThatThrownBy(() -> new Socket(HERE, port).close()).isInstanceOf(IOException.class));
        assertThat(streams.directClients()).isZero();
    }

    @Test
    void aCertificateOfAnotherKeyIsNotTaken() {
        assertThatThrownBy(() -> Identity.of(Identity.newKey(), certificateOf(Identity.newKey())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another key");
        assertThatThrownBy(() -> Identity.of(Identity.newKey(), ByteString.copyFromUtf8("no certificate")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be read");
    }

    private static ByteString certificateOf(KeyPair key) {
        return new PlayedManager(0, 0)
                .certificate(ByteString.copyFrom(key.getPublic().getEncoded()));
    }
}
