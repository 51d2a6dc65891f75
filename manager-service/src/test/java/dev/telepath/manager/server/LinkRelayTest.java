package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.manager.carry.LinkRelay;
import dev.telepath.manager.carry.LinkWatchers;
import dev.telepath.manager.carry.OwnEdge;
import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.security.Tokens;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.carry.Acceptor;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.Carrier;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.carry.Initiator;
import dev.telepath.tunnel.carry.ResumableEnd;
import dev.telepath.tunnel.frame.Blocks;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.resume.ResetCode;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import io.smallrye.mutiny.operators.multi.processors.UnicastProcessor;
import io.smallrye.mutiny.subscription.Cancellable;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Resumable streams through the real server: owners, pairing, resumes over other connections. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
@NullUnmarked
class LinkRelayTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final ByteString ID = ByteString.copyFrom(new byte[16]);

    @Inject
    HttpServer server;

    @Inject
    Tokens tokens;

    @Inject
    LinkRelay relay;

    @Inject
    LinkWatchers links;

    @Inject
    DialWatchers dials;

    @Inject
    OwnEdge own;

    @Inject
    Credits credits;

    @ConfigProperty(name = "telepath.manager.data-dir")
    String dataDir;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(2);
    private final List<Peer> peers = new ArrayList<>();
    private final List<Cancellable> watches = new ArrayList<>();
    private Edge client;
    private Edge agent;

    /** A client or an agent with its streams, which may move to another connection. */
    private final class Edge {
        private final String bearer;
        private final SessionInfo session;
        private final CarriedStreams streams =
                new CarriedStreams(loops.next(), CarrySettings.STANDARD, new Blocks(), new SimpleMeterRegistry());
        private final Initiator initiator =
                new Initiator(streams, new Backoff(Duration.ofMillis(10), Duration.ofMillis(100)));
        private final Acceptor acceptor = new Acceptor(streams, (id, timeout, who) -> dialled());
        private final List<Ends> accepted = new CopyOnWriteArrayList<>();
        private Peer peer;

        Edge(Role role, String subject) throws Exception {
            this(role, subject, "web", "127.0.0.9");
        }

        Edge(Role role, String subject, String workload, String address) throws Exception {
            bearer = tokens.issue(subject, role, Duration.ofHours(1));
            peer = peer(bearer);
            session = role == Role.CLIENT ? peer.arriveAsClient("bob@laptop") : peer.arriveAsAgent(workload, address);
        }

        private CompletionStage<StreamEnd> dialled() {
            var end = new Ends();
            accepted.add(end);
            return CompletableFuture.completedFuture(end);
        }

        String id() {
            return session.getSessionId();
        }

        void attach() {
            Carrier carrier = Carrier.over(peer.channel(), Credit.standard());
            acceptor.attached(carrier, id());
            watches.add(watch(peer, id()).subscribe().with(acceptor::requested, failure -> {}));
            initiator.attached(carrier, id(), true);
        }

        void attachAndAwait() {
            attach();
            await().atMost(WAIT).until(() -> links.size() > 0);
        }

        /** The connection is gone. */
        void lose() {
            initiator.detached();
            acceptor.detached();
            peer.channel().shutdownNow();
        }

        void move() throws Exception {
            peer = peer(bearer);
            attach();
        }

        ResumableEnd open(int port, String to) {
            return initiator.open(Peer.id(port, 3000), Duration.ofSeconds(10), to);
        }
    }

    /** A stream's end that says what the test says. */
    private static final class Ends implements StreamEnd {
        private final UnicastProcessor<Frame> says = UnicastProcessor.create();
        private final AssertSubscriber<Frame> hears = AssertSubscriber.create(Long.MAX_VALUE);

        void say(String text) {
            says.onNext(new Frame.Data(ByteString.copyFromUtf8(text)));
        }

        String heard() {
            var all = new StringBuilder();
            for (Frame frame : hears.getItems()) {
                if (frame instanceof Frame.Data data) {
                    all.append(data.bytes().toStringUtf8());
                }
            }
            return all.toString();
        }

        @Override
        public Multi<Frame> receive() {
            return says;
        }

        @Override
        public void send(Multi<Frame> frames) {
            frames.subscribe().withSubscriber(hears);
        }

        @Override
        public CompletionStage<Void> closed() {
            return new CompletableFuture<>();
        }
    }

    @BeforeEach
    void arrive() throws Exception {
        client = new Edge(Role.CLIENT, "bob");
        agent = new Edge(Role.AGENT, "*");
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        Peer last = peer(client.bearer);
        last.manager().depart(client.session).await().atMost(WAIT);
        Peer other = peer(agent.bearer);
        other.manager().depart(agent.session).await().atMost(WAIT);
        watches.forEach(Cancellable::cancel);
        for (Edge edge : List.of(client, agent)) {
            edge.initiator.close();
            edge.acceptor.close();
        }
        peers.forEach(Peer::close);
        await().atMost(WAIT).untilAsserted(() -> {
            assertThat(relay.open()).as("open").isZero();
            assertThat(relay.waiting()).as("waiting").isZero();
            assertThat(credits.inUse()).as("credits").isZero();
            assertThat(links.size()).as("watchers").isZero();
        });
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private Peer peer(String bearer) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(dataDir, "ca.crt"));
        String fingerprint = JoinToken.fingerprint((X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem)));
        var peer = new Peer(
                new ManagerAddress("127.0.0.1", server.getSecurePort(), false),
                Optional.of(new JoinToken(fingerprint, bearer)));
        peers.add(peer);
        return peer;
    }

    private static Multi<LinkRequest> watch(Peer peer, String session) {
        return MutinyStreamsGrpc.newMutinyStub(peer.channel())
                .watchLinks(LinkWatch.newBuilder().setSessionId(session).build());
    }

    private void bothAttach() {
        client.attach();
        agent.attach();
        await().atMost(WAIT).until(() -> links.size() == 2);
    }

    private void intercept() {
        InterceptInfo created = client.peer
                .manager()
                .createIntercept(CreateInterceptRequest.newBuilder()
                        .setSession(client.session)
                        .setInterceptSpec(InterceptSpec.newBuilder()
                                .setName("web")
                                .setAgent("web")
                                .setTargetPort(3000)
                                .setContainerPort(8080))
                        .build())
                .await()
                .atMost(WAIT);
        agent.peer
                .manager()
                .reviewIntercept(ReviewInterceptRequest.newBuilder()
                        .setSession(agent.session)
                        .setId(created.getId())
                        .setDisposition(InterceptDispositionType.ACTIVE)
                        .build())
                .await()
                .atMost(WAIT);
    }

    /** One call with these frames, then open until it is cancelled. */
    private static AssertSubscriber<StreamFrame> call(Peer peer, boolean halfClose, StreamFrame... frames) {
        Multi<StreamFrame> items = Multi.createFrom().items(frames);
        Multi<StreamFrame> requests = halfClose
                ? items
                : Multi.createBy()
                        .concatenating()
                        .streams(items, Multi.createFrom().<StreamFrame>nothing());
        AssertSubscriber<StreamFrame> answers = AssertSubscriber.create(Long.MAX_VALUE);
        CallBridge.call(peer.channel(), StreamsGrpc.getCarryMethod(), CallOptions.DEFAULT, Credit.standard(), requests)
                .subscribe()
                .withSubscriber(answers);
        return answers;
    }

    private static StreamFrame open(String session, String to) {
        return StreamFrame.newBuilder()
                .setOpen(StreamFrame.Open.newBuilder()
                        .setStreamId(ID)
                        .setConnectionId(Peer.id(1, 3000).bytes())
                        .setAttempt(1)
                        .setSessionId(session)
                        .setAcceptorSessionId(to))
                .build();
    }

    private static StreamFrame resume(String session, String to) {
        return StreamFrame.newBuilder()
                .setResume(StreamFrame.Resume.newBuilder()
                        .setStreamId(ID)
                        .setAttempt(2)
                        .setSessionId(session)
                        .setAcceptorSessionId(to))
                .build();
    }

    private static StreamFrame answer(long link, String session) {
        return StreamFrame.newBuilder()
                .setAnswer(StreamFrame.Answer.newBuilder().setLink(link).setSessionId(session))
                .build();
    }

    private static Status.Code status(AssertSubscriber<?> answers) {
        answers.awaitFailure(WAIT);
        return Status.fromThrowable(answers.getFailure()).getCode();
    }

    private static ResetCode refusal(AssertSubscriber<StreamFrame> answers) {
        answers.awaitCompletion(WAIT);
        assertThat(answers.getItems()).hasSize(1);
        assertThat(answers.getItems().getFirst().hasRefused()).isTrue();
        return ResetCode.of(answers.getItems().getFirst().getRefused().getCode());
    }

    private static void dialled(ResumableEnd end) throws Exception {
        end.dialled().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /** Both say something, and hear it. */
    private static void talk(Ends one, Ends other, String text) {
        int before = one.heard().length();
        int beforeOther = other.heard().length();
        one.say(text);
        other.say(text);
        await().atMost(WAIT)
                .until(() -> one.heard().substring(before).equals(text)
                        && other.heard().substring(beforeOther).equals(text));
    }

    @Test
    void anInterceptedStreamPassesBothWaysAndEndsCleanly() throws Exception {
        intercept();
        bothAttach();

        passesAndEnds(agent, client, client.id());
    }

    @Test
    void aClientsStreamIsDialledByTheAgentPassesBothWaysAndEndsCleanly() throws Exception {
        bothAttach();

        passesAndEnds(client, agent, "");
    }

    @Test
    void aStreamViaAWorkloadIsDialledByItsAgentsAlone() throws Exception {
        bothAttach();
        var api = new Edge(Role.AGENT, "*", "api", "127.0.0.8");
        try {
            api.attach();
            await().atMost(WAIT).until(() -> links.size() == 3);
            // Even where another agent has the destination as its address.
            for (String address : List.of("127.0.0.1", "127.0.0.9")) {
                for (Edge chosen : List.of(api, agent)) {
                    int before = chosen.accepted.size();
                    var there = ConnectionId.of(
                            Protocol.TCP,
                            new InetSocketAddress("127.0.0.1", 41000 + before),
                            new InetSocketAddress(address, 3000));
                    ResumableEnd end =
                            client.initiator.openVia(chosen == api ? "api" : "web", there, Duration.ofSeconds(10));
                    dialled(end);
                    assertThat(chosen.accepted).hasSize(before + 1);
                    end.fail(new StreamFailure.Reset("done"));
                }
            }
            await().atMost(WAIT).until(() -> client.streams.open() + agent.streams.open() + api.streams.open() == 0);
        } finally {
            api.peer.manager().depart(api.session).await().atMost(WAIT);
            api.initiator.close();
            api.acceptor.close();
        }
    }

    @Test
    void aStreamViaAWorkloadWithoutAgentsIsDialledByNobody() {
        bothAttach();
        ResumableEnd end = client.initiator.openVia("orders", Peer.id(41000, 3000), Duration.ofSeconds(10));
        assertThatThrownBy(() -> dialled(end))
                .cause()
                .isInstanceOf(StreamFailure.ConnectionLost.class)
                .hasMessageContaining("no agent of workload orders");
        assertThat(agent.accepted).isEmpty();
    }

    private void passesAndEnds(Edge from, Edge to, String session) throws Exception {
        ResumableEnd end = from.open(41000, session);
        var near = new Ends();
        StreamEnd.join(near, end);
        dialled(end);
        Ends far = to.accepted.getFirst();
        talk(near, far, "hello");
        near.says.onComplete();
        far.says.onComplete();
        near.hears.awaitCompletion(WAIT);
        far.hears.awaitCompletion(WAIT);
        await().atMost(WAIT).until(() -> from.streams.open() + to.streams.open() == 0);
    }

    private static LinkWatch watching(String session, long run) {
        return LinkWatch.newBuilder().setSessionId(session).setRun(run).build();
    }

    private void begunAnew(Edge edge, long run) {
        watches.add(MutinyStreamsGrpc.newMutinyStub(edge.peer.channel())
                .watchLinks(watching(edge.id(), run))
                .subscribe()
                .with(request -> {}, failure -> {}));
    }

    private Ends opened(Edge from, Edge to, String session) throws Exception {
        ResumableEnd end = from.open(41000, session);
        StreamEnd.join(new Ends(), end);
        dialled(end);
        return to.accepted.getLast();
    }

    private static void forgotten(Ends far) {
        far.hears.awaitFailure(WAIT);
        assertThat(far.hears.getFailure()).hasMessageContaining("does not know the stream");
    }

    @Test
    void streamsOfADaemonThatIsGoneEndWhenTheNextTakesItsSession() throws Exception {
        bothAttach();
        Ends far = opened(client, agent, "");
        client.lose();
        client.peer = peer(client.bearer);

        begunAnew(client, client.initiator.run() + 1);

        forgotten(far);
        await().atMost(WAIT).until(() -> agent.streams.open() == 0);
    }

    @Test
    void anAgentThatWasAwayWhenADaemonBeganAnewIsToldWhenItAttaches() throws Exception {
        bothAttach();
        Ends far = opened(client, agent, "");
        client.lose();
        agent.lose();
        await().atMost(WAIT).until(() -> links.size() == 0);
        client.peer = peer(client.bearer);
        begunAnew(client, client.initiator.run() + 1);
        await().atMost(WAIT).until(() -> links.size() == 1);
        assertThat(agent.streams.open()).isEqualTo(1);

        agent.move();

        forgotten(far);
        await().atMost(WAIT).until(() -> agent.streams.open() == 0);
    }

    @Test
    void streamsOfAnAgentThatIsGoneEndAtTheClientWhenTheNextHasItsSession() throws Exception {
        intercept();
        bothAttach();
        Ends far = opened(agent, client, client.id());
        agent.lose();
        agent.peer = peer(agent.bearer);

        begunAnew(agent, agent.initiator.run() + 1);

        forgotten(far);
        await().atMost(WAIT).until(() -> client.streams.open() == 0);
    }

    @Test
    void streamsToTheManagerItselfEndWithTheProcessThatOpenedThem() throws Exception {
        try (var service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            client.attachAndAwait();
            var there = ConnectionId.of(
                    Protocol.TCP,
                    new InetSocketAddress("127.0.0.1", 41000),
                    new InetSocketAddress("127.0.0.1", service.getLocalPort()));
            ResumableEnd end = client.initiator.open(there, Duration.ofSeconds(10), "");
            StreamEnd.join(new Ends(), end);
            dialled(end);
            assertThat(own.streams().open()).isEqualTo(1);
            try (Socket accepted = service.accept()) {
                accepted.setSoTimeout((int) WAIT.toMillis());
                client.lose();
                client.peer = peer(client.bearer);

                begunAnew(client, client.initiator.run() + 1);

                assertThatThrownBy(() -> accepted.getInputStream().read()).hasMessageContaining("reset");
            }
            await().atMost(WAIT).until(() -> own.streams().open() == 0);
        }
    }

    @Test
    void anEdgeThatComesBackKeepsItsStreamsHoweverOftenItSaysItsRun() throws Exception {
        bothAttach();
        var near = new Ends();
        ResumableEnd end = client.open(41000, "");
        StreamEnd.join(near, end);
        dialled(end);
        Ends far = agent.accepted.getFirst();
        for (int times = 0; times < 2; times++) {
            client.lose();
            client.peer = peer(client.bearer);
            begunAnew(client, client.initiator.run());
            client.move();
            talk(near, far, "still here");
        }
    }

    @Test
    void streamsOfASessionThatWasDepartedFromAreOver() throws Exception {
        bothAttach();
        Ends far = opened(client, agent, "");
        client.lose();

        peer(client.bearer).manager().depart(client.session).await().atMost(WAIT);

        forgotten(far);
        await().atMost(WAIT).until(() -> agent.streams.open() == 0);
    }

    @Test
    void aSessionOfSomebodyElseCanNeitherOpenNorResumeNorAnswerNorWatch() throws Exception {
        intercept();
        bothAttach();
        Peer eve = peer(tokens.issue("eve", Role.CLIENT, Duration.ofHours(1)));
        for (StreamFrame greeting :
                List.of(open(client.id(), ""), resume(client.id(), agent.id()), answer(1, client.id()))) {
            assertThat(status(call(eve, false, greeting))).isEqualTo(Status.Code.PERMISSION_DENIED);
        }
        AssertSubscriber<LinkRequest> watched =
                watch(eve, client.id()).subscribe().withSubscriber(AssertSubscriber.create(1));
        assertThat(status(watched)).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(status(call(eve, false, open("nobody", "")))).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void aLinkThatWaitsForAnotherSessionCannotBeAnswered() throws Exception {
        intercept();
        List<Long> asked = new CopyOnWriteArrayList<>();
        watches.add(watch(client.peer, client.id())
                .subscribe()
                .with(request -> asked.add(request.getLink()), failure -> {}));
        await().atMost(WAIT).until(() -> links.size() == 1);
        AssertSubscriber<StreamFrame> opened = call(agent.peer, false, open(agent.id(), client.id()));
        await().atMost(WAIT).until(() -> asked.size() == 1);
        Peer eve = peer(tokens.issue("eve", Role.CLIENT, Duration.ofHours(1)));
        SessionInfo session = eve.arriveAsClient("eve");

        AssertSubscriber<StreamFrame> stolen = call(eve, false, answer(asked.getFirst(), session.getSessionId()));

        assertThat(status(stolen)).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(relay.waiting()).isEqualTo(1);
        opened.cancel();
        await().atMost(WAIT).until(() -> relay.waiting() == 0);
    }

    @Test
    void anAgentCannotOpenStreamsToAClientThatDoesNotInterceptIt() {
        bothAttach();

        assertThat(refusal(call(agent.peer, false, open(agent.id(), client.id()))))
                .isEqualTo(ResetCode.NOT_ALLOWED);
        assertThat(refusal(call(agent.peer, false, open(agent.id(), "nobody")))).isEqualTo(ResetCode.NOT_ATTACHED);
    }

    @Test
    void aClientOfTheOlderKindIsNotOffered() {
        intercept();
        watchDials(client);

        assertThat(refusal(call(agent.peer, false, open(agent.id(), client.id()))))
                .isEqualTo(ResetCode.NOT_OFFERED);
    }

    private void watchDials(Edge edge) {
        watches.add(edge.peer.manager().watchDial(edge.session).subscribe().with(request -> {}, failure -> {}));
        await().atMost(WAIT).until(() -> dials.size() == 1);
    }

    @Test
    void anAgentOfTheOlderKindIsNotOffered() {
        watchDials(agent);

        assertThat(refusal(call(client.peer, false, open(client.id(), "")))).isEqualTo(ResetCode.NOT_OFFERED);
    }

    @Test
    void anAgentThatIsAttachingAgainIsWaitedFor() throws Exception {
        bothAttach();
        agent.lose();
        await().atMost(WAIT).until(() -> links.size() == 1);
        agent.peer = peer(agent.bearer);
        watchDials(agent);

        ResumableEnd end = client.open(41020, "");
        await().atMost(WAIT).until(() -> relay.waiting() == 1);
        agent.attach();

        dialled(end);
        assertThat(agent.accepted).hasSize(1);
    }

    @Test
    void anEdgeThatHasJustComeToThisManagerIsWaitedFor() throws Exception {
        intercept();
        watchDials(client);
        agent.attach();

        ResumableEnd end = agent.open(41021, client.id());
        await().atMost(WAIT).until(() -> relay.waiting() == 1);
        client.attach();

        dialled(end);
        assertThat(client.accepted).hasSize(1);
    }

    @Test
    void aClientThatIsAwayIsWaitedForAndThenTheStreamIsRefused() {
        intercept();

        AssertSubscriber<StreamFrame> opened = call(agent.peer, false, open(agent.id(), client.id()));

        await().atMost(WAIT).until(() -> relay.waiting() == 1);
        assertThat(refusal(opened)).isEqualTo(ResetCode.NOT_ATTACHED);
    }

    @Test
    void aClientThatComesInTimeGetsTheStreamThatWaits() throws Exception {
        intercept();
        agent.attach();
        ResumableEnd end = agent.open(41001, client.id());
        await().atMost(WAIT).until(() -> relay.waiting() == 1);

        client.attach();

        dialled(end);
        assertThat(client.accepted).hasSize(1);
    }

    @Test
    void aStreamGoesOnWhenItsAcceptorComesBackOverAnotherConnection() throws Exception {
        intercept();
        bothAttach();
        ResumableEnd end = agent.open(41002, client.id());
        var near = new Ends();
        StreamEnd.join(near, end);
        dialled(end);
        Ends far = client.accepted.getFirst();
        talk(near, far, "before");

        client.lose();
        await().atMost(WAIT).until(() -> agent.streams.suspended() == 1 && relay.waiting() == 1);
        near.say("meanwhile");
        client.move();

        await().atMost(WAIT).until(() -> far.heard().equals("beforemeanwhile"));
        talk(near, far, "after");
        assertThat(client.accepted).hasSize(1);
        assertThat(relay.open()).isEqualTo(1);
    }

    @Test
    void theNextStreamToTheSamePlaceGoesByTheLinkOfTheOneBefore() throws Exception {
        intercept();
        bothAttach();
        toItsEnd(41001, "first");
        await().atMost(WAIT).until(() -> agent.streams.idleLinks() == 1);

        toItsEnd(41002, "second");
        assertThat(relay.open()).isEqualTo(1);
        assertThat(client.accepted).hasSize(2);

        // What comes with its connection goes with it: the next stream has a link of its own.
        client.lose();
        client.move();
        await().atMost(WAIT).until(() -> agent.streams.idleLinks() == 0 && links.size() == 2);
        toItsEnd(41003, "third");
        assertThat(client.accepted).hasSize(3);
    }

    private void toItsEnd(int port, String text) throws Exception {
        int before = client.accepted.size();
        ResumableEnd end = agent.open(port, client.id());
        var near = new Ends();
        StreamEnd.join(near, end);
        dialled(end);
        Ends far = client.accepted.get(before);
        talk(near, far, text);
        near.says.onComplete();
        far.says.onComplete();
        await().atMost(WAIT).until(() -> end.closed().toCompletableFuture().isDone());
    }

    @Test
    void aSessionThatWatchesFromAnotherConnectionHasLostItsOldLinks() throws Exception {
        intercept();
        bothAttach();
        ResumableEnd end = agent.open(41003, client.id());
        var near = new Ends();
        StreamEnd.join(near, end);
        dialled(end);
        Ends far = client.accepted.getFirst();
        talk(near, far, "before");

        // The old connection still stands, as far as anybody can see.
        client.move();

        talk(near, far, "after");
        await().atMost(WAIT).until(() -> relay.open() == 1);
    }

    @Test
    void linksThatWaitForASessionThatDepartsAreRefusedAndSoAreThoseThatComeLater() {
        AssertSubscriber<StreamFrame> waits = call(client.peer, false, resume(client.id(), agent.id()));
        await().atMost(WAIT).until(() -> relay.waiting() == 1);

        agent.peer.manager().depart(agent.session).await().atMost(WAIT);

        assertThat(refusal(waits)).isEqualTo(ResetCode.NOT_ATTACHED);
        assertThat(refusal(call(client.peer, false, resume(client.id(), agent.id()))))
                .isEqualTo(ResetCode.NOT_ATTACHED);
    }

    @Test
    void aStreamThatNobodyAcceptedCannotBeResumed() {
        AssertSubscriber<StreamFrame> answers = call(client.peer, false, resume(client.id(), ""));

        answers.awaitCompletion(WAIT);
        assertThat(answers.getItems().getFirst().getGone().getCode()).isEqualTo(ResetCode.UNKNOWN.number());
    }

    @Test
    void aStreamThatTheManagerDialsGoesOnAfterItsClientsConnectionWasCut() throws Exception {
        agent.peer.manager().depart(agent.session).await().atMost(WAIT);
        client.attachAndAwait();
        try (var listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            ResumableEnd end = client.initiator.open(
                    ConnectionId.of(
                            Protocol.TCP,
                            new InetSocketAddress("127.0.0.1", 41004),
                            new InetSocketAddress("127.0.0.1", listener.getLocalPort())),
                    Duration.ofSeconds(10),
                    "");
            var near = new Ends();
            StreamEnd.join(near, end);
            try (Socket far = listener.accept()) {
                dialled(end);
                near.say("before");
                assertThat(far.getInputStream().readNBytes(6)).asString().isEqualTo("before");

                client.lose();
                await().atMost(WAIT).until(() -> own.streams().suspended() == 1);
                far.getOutputStream().write("meanwhile".getBytes(java.nio.charset.StandardCharsets.UTF_8));
                client.move();

                await().atMost(WAIT).until(() -> near.heard().equals("meanwhile"));
                near.say("after");
                assertThat(far.getInputStream().readNBytes(5)).asString().isEqualTo("after");
                near.says.onComplete();
                assertThat(far.getInputStream().read()).isEqualTo(-1);
            }
            near.hears.awaitCompletion(WAIT);
        }
        await().atMost(WAIT).until(() -> own.streams().open() == 0 && client.streams.open() == 0);
    }

    @Test
    void aPortThatRefusesTheManagersDialIsToldAsRefused() {
        agent.peer.manager().depart(agent.session).await().atMost(WAIT);
        client.attachAndAwait();

        ResumableEnd end = client.initiator.open(Peer.id(41005, 1), Duration.ofSeconds(10), "");

        await().atMost(WAIT).until(() -> end.dialled().toCompletableFuture().isDone());
        assertThat(end.dialled().toCompletableFuture().exceptionNow()).isInstanceOf(StreamFailure.DialRefused.class);
    }

    @Test
    void callsWithoutAProperGreetingGetAClearStatusAndLeaveNothing() {
        StreamFrame data = StreamFrame.newBuilder()
                .setData(StreamFrame.Data.newBuilder().setBytes(ByteString.copyFromUtf8("x")))
                .build();
        assertThat(status(call(client.peer, true))).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(status(call(client.peer, false, data))).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status(call(client.peer, false, StreamFrame.getDefaultInstance())))
                .isEqualTo(Status.Code.INVALID_ARGUMENT);
        for (int size : List.of(0, 5, 100_000)) {
            StreamFrame malformed = StreamFrame.newBuilder()
                    .setOpen(open(client.id(), "").getOpen().toBuilder()
                            .setConnectionId(ByteString.copyFrom(new byte[size])))
                    .build();
            assertThat(status(call(client.peer, false, malformed))).isEqualTo(Status.Code.INVALID_ARGUMENT);
        }
        bothAttach();
        for (int size : List.of(0, 17, 100_000)) {
            StreamFrame anonymous = StreamFrame.newBuilder()
                    .setOpen(open(client.id(), "").getOpen().toBuilder()
                            .setStreamId(ByteString.copyFrom(new byte[size])))
                    .build();
            AssertSubscriber<StreamFrame> answers = call(client.peer, false, anonymous);
            await().atMost(WAIT).until(() -> answers.getItems().size() == 1);
            assertThat(answers.getItems().getFirst().getGone().getCode()).isEqualTo(ResetCode.UNKNOWN.number());
            answers.cancel();
        }
        assertThat(agent.accepted).isEmpty();
        await().atMost(WAIT).until(() -> relay.waiting() + relay.open() == 0 && credits.inUse() == 0);
    }

    @Test
    void fiveThousandStreamsOpenAtOnceAndComeBackAtOnce() throws Exception {
        int many = 5000;
        intercept();
        bothAttach();
        List<Ends> ends = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            var near = new Ends();
            StreamEnd.join(near, agent.open(10_000 + i, client.id()));
            near.say("one ");
            ends.add(near);
        }
        await().atMost(Duration.ofSeconds(90)).until(() -> all(many, "one "));

        // More than an acceptor's queue of requests holds.
        agent.lose();
        await().atMost(WAIT).until(() -> agent.streams.suspended() == many && client.streams.suspended() == many);
        agent.move();
        ends.forEach(end -> end.say("two"));

        await().atMost(Duration.ofSeconds(90)).until(() -> all(many, "one two"));
        assertThat(client.accepted).hasSize(many);
        client.acceptor.close();
        await().atMost(Duration.ofSeconds(60)).until(() -> agent.streams.open() + client.streams.open() == 0);
    }

    private boolean all(int many, String text) {
        return client.accepted.size() == many
                && client.accepted.stream().allMatch(end -> end.heard().equals(text));
    }
}
