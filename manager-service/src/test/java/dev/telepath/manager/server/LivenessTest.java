package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.manager.security.Role;
import dev.telepath.manager.security.Tokens;
import dev.telepath.manager.session.DeadConnections;
import dev.telepath.manager.session.DeadConnections.DeadConnection;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.vertx.http.HttpServer;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Heartbeats at the real server. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
class LivenessTest {
    private static final Duration WAIT = Duration.ofSeconds(20);

    @Inject
    HttpServer server;

    @Inject
    Tokens tokens;

    @Inject
    DeadConnections dead;

    @Inject
    MeterRegistry meters;

    @ConfigProperty(name = "telepath.manager.data-dir")
    String dataDir;

    private final Answers answers = new Answers();
    private Peer client;
    private SessionInfo session;

    @BeforeEach
    void attach() throws Exception {
        client = peer("bob");
        session = client.arriveAsClient("bob@laptop");
    }

    @AfterEach
    void depart() throws Exception {
        client.close();
        try (Peer last = peer("bob")) {
            last.manager().depart(session).await().atMost(WAIT);
        }
        await().atMost(WAIT)
                .until(() -> meters.get("telepath.edges.beating").gauge().value() == 0);
    }

    private Peer peer(String subject) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(dataDir, "ca.crt"));
        var authority = (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
        return new Peer(
                new ManagerAddress("127.0.0.1", server.getSecurePort(), false),
                Optional.of(new JoinToken(
                        JoinToken.fingerprint(authority), tokens.issue(subject, Role.CLIENT, Duration.ofHours(1)))));
    }

    private static Pulse first(String session) {
        return Pulse.newBuilder().setNumber(1).setSessionId(session).build();
    }

    @Test
    void everyPulseIsAnswered() {
        StreamObserver<Pulse> pulses = LivenessGrpc.newStub(client.channel()).beat(answers);
        pulses.onNext(first(session.getSessionId()));
        pulses.onNext(Pulse.newBuilder().setNumber(2).build());
        await().atMost(WAIT).until(() -> answers.got.size() == 2);
        assertThat(answers.got).extracting(Pulse::getNumber).containsExactly(1L, 2L);

        pulses.onCompleted();
        await().atMost(WAIT).until(() -> answers.completed);
    }

    @Test
    void aSessionThatIsUnknownOrAnothersIsRefused() throws Exception {
        LivenessGrpc.newStub(client.channel()).beat(answers).onNext(first("nobody"));
        await().atMost(WAIT).until(() -> answers.failure.get() == Status.Code.NOT_FOUND);

        var other = new Answers();
        try (Peer mallory = peer("mallory")) {
            LivenessGrpc.newStub(mallory.channel()).beat(other).onNext(first(session.getSessionId()));
            await().atMost(WAIT).until(() -> other.failure.get() == Status.Code.PERMISSION_DENIED);
        }
    }

    @Test
    void theConnectionOfAnEdgeThatFallsSilentIsClosedWholeAndItsSessionStays() throws Exception {
        List<DeadConnection> found = new CopyOnWriteArrayList<>();
        dead.listen(found::add);
        var watch = new AtomicReference<Throwable>();
        client.manager().watchIntercepts(session).subscribe().with(snapshot -> {}, watch::set);
        StreamObserver<Pulse> pulses = LivenessGrpc.newStub(client.channel()).beat(answers);

        pulses.onNext(first(session.getSessionId()));

        await().atMost(WAIT).until(() -> answers.failure.get() != null && watch.get() != null);
        // Its edge may learn of it before the next listener does.
        await().atMost(WAIT)
                .untilAsserted(() -> assertThat(found)
                        .extracting(DeadConnection::sessionId)
                        .containsExactly(session.getSessionId()));
        assertThat(meters.get("telepath.edges.silent").counter().count()).isPositive();
        try (Peer again = peer("bob")) {
            again.manager()
                    .remain(RemainRequest.newBuilder().setSession(session).build())
                    .await()
                    .atMost(WAIT);
        }
    }

    private static final class Answers implements StreamObserver<Pulse> {
        private final List<Pulse> got = new CopyOnWriteArrayList<>();
        private final AtomicReference<Status.Code> failure = new AtomicReference<>();
        private volatile boolean completed;

        @Override
        public void onNext(Pulse pulse) {
            got.add(pulse);
        }

        @Override
        public void onError(Throwable cause) {
            failure.set(Status.fromThrowable(cause).getCode());
        }

        @Override
        public void onCompleted() {
            completed = true;
        }
    }
}
