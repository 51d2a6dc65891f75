package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.relay.Relay;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.security.Tokens;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.AgentInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc;
import dev.telepath.protocol.v1.WorkloadRequest;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import io.smallrye.mutiny.subscription.Cancellable;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Streams through the real server: TLS, tokens, rendezvous, back-pressure. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
class RelayTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final Duration DIAL = Duration.ofSeconds(15);

    @Inject
    HttpServer server;

    @Inject
    Tokens tokens;

    @Inject
    Relay relay;

    @Inject
    Credits credits;

    @Inject
    DialWatchers watchers;

    @ConfigProperty(name = "telepath.manager.data-dir")
    String dataDir;

    private Peer client;
    private Peer agent;
    private SessionInfo clientSession;
    private SessionInfo agentSession;
    private final List<Cancellable> watches = new ArrayList<>();

    @BeforeEach
    void attach() throws Exception {
        client = peer(tokens.issue("bob", Role.CLIENT, Duration.ofHours(1)));
        agent = peer(tokens.issue("*", Role.AGENT, Duration.ofHours(1)));
        clientSession = client.arriveAsClient("bob@laptop");
        agentSession = agent.arriveAsAgent("web", "127.0.0.9");
    }

    @AfterEach
    void nothingIsLeft() {
        watches.forEach(Cancellable::cancel);
        client.manager().depart(clientSession).await().atMost(WAIT);
        agent.manager().depart(agentSession).await().atMost(WAIT);
        client.close();
        agent.close();
        await().atMost(WAIT).untilAsserted(() -> {
            assertThat(relay.open()).isZero();
            assertThat(relay.waiting()).isZero();
            assertThat(credits.inUse()).isZero();
            assertThat(watchers.size()).isZero();
        });
    }

    private Peer peer(String bearer) throws Exception {
        return new Peer(
                new ManagerAddress("127.0.0.1", server.getSecurePort(), false),
                Optional.of(new JoinToken(fingerprint(), bearer)));
    }

    private String fingerprint() throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(dataDir, "ca.crt"));
        return JoinToken.fingerprint((X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem)));
    }

    private void onDial(Peer peer, SessionInfo session, Consumer<DialRequest> then) {
        int before = watchers.size();
        watches.add(peer.manager().watchDial(session).subscribe().with(then, failure -> {}));
        await().atMost(WAIT).until(() -> watchers.size() > before);
    }

    private void intercept() {
        InterceptInfo created = client.manager()
                .createIntercept(CreateInterceptRequest.newBuilder()
                        .setSession(clientSession)
                        .setInterceptSpec(InterceptSpec.newBuilder()
                                .setName("web")
                                .setAgent("web")
                                .setTargetPort(3000)
                                .setContainerPort(8080))
                        .build())
                .await()
                .atMost(WAIT);
        assertThat(created.getDisposition()).isEqualTo(InterceptDispositionType.WAITING);
        agent.manager()
                .reviewIntercept(ReviewInterceptRequest.newBuilder()
                        .setSession(agentSession)
                        .setId(created.getId())
                        .setDisposition(InterceptDispositionType.ACTIVE)
                        .build())
                .await()
                .atMost(WAIT);
    }

    private static Multi<Frame> text(String... texts) {
        return Multi.createFrom().items(texts).map(one -> new Frame.Data(ByteString.copyFromUtf8(one)));
    }

    private static String text(List<Frame> frames) {
        var all = new StringBuilder();
        for (Frame frame : frames) {
            if (frame instanceof Frame.Data data) {
                all.append(data.bytes().toStringUtf8());
            }
        }
        return all.toString();
    }

    private TunnelCall answer(DialRequest request) {
        return client.tunnel(clientSession, new ConnectionId(request.getConnId()), DIAL, null);
    }

    @Test
    void anInterceptedStreamPassesBothWaysWithHalfClose() {
        // Given
        intercept();
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
        onDial(client, clientSession, request -> {
            TunnelCall call = answer(request);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().item(new Frame.DialOk()), text("hel", "lo")));
            call.receive().subscribe().withSubscriber(atClient);
        });

        // When
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40001, 3000), DIAL, clientSession.getSessionId());
        call.dialled()
                .toCompletableFuture()
                .orTimeout(20, java.util.concurrent.TimeUnit.SECONDS)
                .join();
        AssertSubscriber<Frame> atAgent = AssertSubscriber.create(Long.MAX_VALUE);
        call.receive().subscribe().withSubscriber(atAgent);
        call.send(text("ping"));

        // Then
        atAgent.awaitCompletion(WAIT);
        atClient.awaitCompletion(WAIT);
        assertThat(text(atAgent.getItems())).isEqualTo("hello");
        assertThat(text(atClient.getItems())).isEqualTo("ping");
    }

    @Test
    void aStalledReaderStopsTheWriterInBothDirections() {
        // Given
        intercept();
        var fromClient = new AtomicLong();
        var fromAgent = new AtomicLong();
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(1);
        onDial(client, clientSession, request -> {
            TunnelCall call = answer(request);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().item(new Frame.DialOk()), endless(fromClient)));
            call.receive().subscribe().withSubscriber(atClient);
        });

        // When
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40002, 3000), DIAL, clientSession.getSessionId());
        AssertSubscriber<Frame> atAgent = AssertSubscriber.create(1);
        call.receive().subscribe().withSubscriber(atAgent);
        call.send(endless(fromAgent));

        // Then
        await().atMost(WAIT).untilAsserted(() -> {
            assertThat(fromClient.get()).isPositive();
            assertThat(fromAgent.get()).isPositive();
        });
        for (AtomicLong bytes : List.of(fromClient, fromAgent)) {
            var last = new AtomicLong(-1);
            await().pollInterval(Duration.ofMillis(500))
                    .atMost(WAIT)
                    .until(() -> last.getAndSet(bytes.get()) == bytes.get());
            assertThat(bytes.get()).isLessThan(4 * 1024 * 1024);
        }
        atClient.cancel();
        atAgent.cancel();
    }

    private static Multi<Frame> endless(AtomicLong bytes) {
        var block = new Frame.Data(ByteString.copyFrom(new byte[32 * 1024]));
        return Multi.createFrom()
                .<Frame>publisher(subscriber -> subscriber.onSubscribe(new java.util.concurrent.Flow.Subscription() {
                    private boolean over;
                    private boolean emitting;
                    private long demand;

                    @Override
                    public void request(long n) {
                        demand += n;
                        if (emitting) {
                            return;
                        }
                        emitting = true;
                        while (demand > 0 && !over) {
                            demand--;
                            bytes.addAndGet(block.bytes().size());
                            subscriber.onNext(block);
                        }
                        emitting = false;
                    }

                    @Override
                    public void cancel() {
                        over = true;
                    }
                }));
    }

    @Test
    void twoThousandStreamsOpenAtOnceOnOneConnection() {
        // Given
        intercept();
        onDial(client, clientSession, request -> {
            TunnelCall call = answer(request);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().item(new Frame.DialOk()), call.receive()));
        });

        // When
        List<AssertSubscriber<Frame>> ends = new ArrayList<>();
        List<TunnelCall> calls = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            TunnelCall call = agent.tunnel(agentSession, Peer.id(10_000 + i, 3000), DIAL, clientSession.getSessionId());
            AssertSubscriber<Frame> end = AssertSubscriber.create(Long.MAX_VALUE);
            call.receive().subscribe().withSubscriber(end);
            ends.add(end);
            calls.add(call);
        }
        await().atMost(Duration.ofSeconds(60)).until(() -> relay.open() == 2000);
        for (int i = 0; i < 2000; i++) {
            calls.get(i).send(text("echo " + i));
        }

        // Then
        for (int i = 0; i < 2000; i++) {
            ends.get(i).awaitCompletion(Duration.ofSeconds(60));
            assertThat(text(ends.get(i).getItems())).isEqualTo("echo " + i);
        }
    }

    @Test
    void aClientThatDoesNotWatchMakesTheAgentsCallUnavailableAtOnce() {
        // Given
        intercept();

        // When
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40003, 3000), DIAL, clientSession.getSessionId());

        // Then
        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(StreamFailure.ConnectionLost.class)
                .hasMessageContaining("UNAVAILABLE");
    }

    @Test
    void aClientThatDoesNotAnswerLetsTheDialTimeoutEndTheAgentsCall() {
        // Given
        intercept();
        onDial(client, clientSession, request -> {});

        // When
        TunnelCall call =
                agent.tunnel(agentSession, Peer.id(40004, 3000), Duration.ofMillis(200), clientSession.getSessionId());

        // Then
        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(StreamFailure.ConnectionLost.class)
                .hasMessageContaining("DEADLINE_EXCEEDED");
    }

    @Test
    void aRefusedDialIsToldAtOnce() {
        // Given
        intercept();
        onDial(client, clientSession, request -> answer(request).fail(new StreamFailure.DialRefused("no")));

        // When
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40005, 3000), DIAL, clientSession.getSessionId());

        // Then
        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(StreamFailure.DialRefused.class);
        call.fail(new StreamFailure.Reset("done"));
    }

    @Test
    void anAgentCannotSendStreamsToAClientThatDoesNotInterceptIt() {
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40006, 3000), DIAL, clientSession.getSessionId());

        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .hasMessageContaining("PERMISSION_DENIED");
    }

    @Test
    void anOutboundStreamIsDialledByTheAgentWhoseAddressItNames() {
        // Given
        AssertSubscriber<Frame> atAgent = AssertSubscriber.create(Long.MAX_VALUE);
        onDial(agent, agentSession, request -> {
            TunnelCall call = agent.tunnel(agentSession, new ConnectionId(request.getConnId()), DIAL, null);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().item(new Frame.DialOk()), text("from agent")));
            call.receive().subscribe().withSubscriber(atAgent);
        });

        // When
        TunnelCall call = client.tunnel(clientSession, Peer.id(40007, 8080), DIAL, null);
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
        call.receive().subscribe().withSubscriber(atClient);
        call.send(text("from client"));

        // Then
        atClient.awaitCompletion(WAIT);
        atAgent.awaitCompletion(WAIT);
        assertThat(text(atClient.getItems())).isEqualTo("from agent");
        assertThat(text(atAgent.getItems())).isEqualTo("from client");
    }

    @Test
    void anOutboundStreamViaAWorkloadIsDialledByItsAgentOrByNobody() {
        // Given
        onDial(agent, agentSession, request -> {
            TunnelCall call = agent.tunnel(agentSession, new ConnectionId(request.getConnId()), DIAL, null);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(Multi.createFrom().item(new Frame.DialOk()), text("from agent")));
            call.receive().subscribe().withSubscriber(AssertSubscriber.create(Long.MAX_VALUE));
        });

        // When
        TunnelCall reached = client.tunnelVia("web", clientSession, Peer.id(40020, 8080), DIAL);
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
        reached.receive().subscribe().withSubscriber(atClient);
        reached.send(Multi.createFrom().empty());
        TunnelCall refused = client.tunnelVia("orders", clientSession, Peer.id(40021, 8080), DIAL);

        // Then
        atClient.awaitCompletion(WAIT);
        assertThat(text(atClient.getItems())).isEqualTo("from agent");
        assertThatThrownBy(() -> refused.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .hasMessageContaining("no agent of workload orders");
    }

    @Test
    void anAgentOfAWorkloadIsThereOrItIsSaidThatThereIsNone() {
        var workloads = MutinyWorkloadsGrpc.newMutinyStub(client.channel());
        var web = WorkloadRequest.newBuilder()
                .setSessionId(clientSession.getSessionId())
                .setName("web");

        workloads.bring(web.build()).await().atMost(WAIT);

        assertThatThrownBy(() ->
                        workloads.bring(web.setName("orders").build()).await().atMost(WAIT))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        refused -> assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
    }

    @Test
    void withoutAgentsTheManagerDialsAndARefusedPortIsToldAtOnce() {
        TunnelCall call = client.tunnel(clientSession, Peer.id(40008, 1), DIAL, null);

        assertThatThrownBy(() -> call.dialled().toCompletableFuture().get(5, java.util.concurrent.TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(StreamFailure.DialRefused.class);
        call.fail(new StreamFailure.Reset("done"));
    }

    @Test
    void aCancelledCallResetsTheOtherEnd() {
        // Given
        intercept();
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
        onDial(client, clientSession, request -> {
            TunnelCall call = answer(request);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(
                            Multi.createFrom().item(new Frame.DialOk()),
                            Multi.createFrom().nothing()));
            call.receive().subscribe().withSubscriber(atClient);
        });
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40009, 3000), DIAL, clientSession.getSessionId());
        AssertSubscriber<Frame> atAgent = AssertSubscriber.create(Long.MAX_VALUE);
        call.receive().subscribe().withSubscriber(atAgent);
        call.send(Multi.createFrom().nothing());
        await().atMost(WAIT).until(() -> relay.open() == 1);

        // When
        atAgent.cancel();

        // Then
        atClient.awaitFailure(WAIT);
    }

    @Test
    void aLostConnectionEndsItsStreams() {
        // Given
        intercept();
        AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
        onDial(client, clientSession, request -> {
            TunnelCall call = answer(request);
            call.send(Multi.createBy()
                    .concatenating()
                    .streams(
                            Multi.createFrom().item(new Frame.DialOk()),
                            Multi.createFrom().nothing()));
            call.receive().subscribe().withSubscriber(atClient);
        });
        TunnelCall call = agent.tunnel(agentSession, Peer.id(40010, 3000), DIAL, clientSession.getSessionId());
        call.receive().subscribe().with(frame -> {}, failure -> {});
        await().atMost(WAIT).until(() -> relay.open() == 1);

        // When
        agent.channel().shutdownNow();

        // Then
        atClient.awaitFailure(WAIT);
        agent.close();
        agent = assertDoesNotFail(() -> peer(tokens.issue("*", Role.AGENT, Duration.ofHours(1))));
    }

    private interface Source<T> {
        T get() throws Exception;
    }

    private static <T> T assertDoesNotFail(Source<T> source) {
        try {
            return source.get();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void callsWithoutTokenOrWithAForgedOrExpiredOneAreRefused() throws Exception {
        String expired = new Tokens(signingKey(), () -> java.time.Instant.now().minusSeconds(7200))
                .issue("bob", Role.CLIENT, Duration.ofHours(1));
        String forged = new Tokens(new byte[32], java.time.InstantSource.system())
                .issue("bob", Role.CLIENT, Duration.ofHours(1));
        for (String bad : List.of(expired, forged, "nonsense")) {
            try (Peer stranger = peer(bad)) {
                assertThatThrownBy(() -> stranger.arriveAsClient("eve"))
                        .isInstanceOf(StatusRuntimeException.class)
                        .hasMessageContaining("UNAUTHENTICATED");
            }
        }
    }

    private byte[] signingKey() throws Exception {
        return java.util.Base64.getDecoder()
                .decode(Files.readString(Path.of(dataDir, "signing.key")).strip());
    }

    @Test
    void anotherUsersSessionCannotBeReadOrUsed() throws Exception {
        try (Peer eve = peer(tokens.issue("eve", Role.CLIENT, Duration.ofHours(1)))) {
            assertThatThrownBy(() -> eve.manager()
                            .remain(RemainRequest.newBuilder()
                                    .setSession(clientSession)
                                    .build())
                            .await()
                            .atMost(WAIT))
                    .satisfies(e ->
                            assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.PERMISSION_DENIED));
            assertThatThrownBy(() -> eve.manager()
                            .watchDial(clientSession)
                            .collect()
                            .first()
                            .await()
                            .atMost(WAIT))
                    .satisfies(e ->
                            assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.PERMISSION_DENIED));
            TunnelCall call = eve.tunnel(clientSession, Peer.id(40011, 22), DIAL, null);
            assertThatThrownBy(() -> call.dialled().toCompletableFuture().join())
                    .isInstanceOf(CompletionException.class)
                    .hasMessageContaining("PERMISSION_DENIED");
        }
    }

    @Test
    void environmentIsShownOnlyToClientsThatEngageTheWorkload() {
        var before = client.manager()
                .watchAgents(clientSession)
                .collect()
                .first()
                .await()
                .atMost(WAIT);
        intercept();
        var after = client.manager()
                .watchAgents(clientSession)
                .collect()
                .first()
                .await()
                .atMost(WAIT);

        assertThat(web(before).getEnvironmentMap()).isEmpty();
        assertThat(web(after).getEnvironmentMap()).containsEntry("SECRET", "lent");
    }

    private static AgentInfo web(AgentInfoSnapshot snapshot) {
        return snapshot.getAgentsList().stream()
                .filter(one -> one.getName().equals("web"))
                .findFirst()
                .orElseThrow();
    }
}
