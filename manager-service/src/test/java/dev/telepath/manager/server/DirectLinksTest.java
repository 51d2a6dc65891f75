package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.manager.security.Role;
import dev.telepath.manager.security.Tokens;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.RemoveInterceptRequest2;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.protocol.v1.CertificateRequest;
import dev.telepath.protocol.v1.DirectAgent;
import dev.telepath.protocol.v1.DirectAgents;
import dev.telepath.protocol.v1.DirectWatch;
import dev.telepath.protocol.v1.MutinyDirectLinksGrpc;
import dev.telepath.protocol.v1.MutinyHandshakeGrpc;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.direct.TicketKey;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.vertx.http.HttpServer;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SignatureException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Acquaintance of clients and agents through the real server. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
@NullUnmarked
class DirectLinksTest {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final ByteString ADDRESS = ByteString.copyFrom(new byte[] {127, 0, 0, 9});

    @Inject
    HttpServer server;

    @Inject
    Tokens tokens;

    @ConfigProperty(name = "telepath.manager.data-dir")
    String dataDir;

    private final List<Peer> peers = new ArrayList<>();
    private final TicketKey key = TicketKey.random();
    private Peer bob;
    private Peer agent;
    private SessionInfo bobs;
    private SessionInfo web;

    @BeforeEach
    void arrive() throws Exception {
        bob = peer(Role.CLIENT, "bob");
        agent = peer(Role.AGENT, "*");
        bobs = bob.arriveAsClient("bob@laptop");
        web = agent.arriveAsAgent("web", "127.0.0.9");
    }

    @AfterEach
    void depart() {
        bob.manager().depart(bobs).await().atMost(WAIT);
        agent.manager().depart(web).await().atMost(WAIT);
        peers.forEach(Peer::close);
    }

    private X509Certificate ca() throws Exception {
        return certificate(Files.readAllBytes(Path.of(dataDir, "ca.crt")));
    }

    private static X509Certificate certificate(byte[] bytes) throws Exception {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(bytes));
    }

    private Peer peer(Role role, String subject) throws Exception {
        String bearer = tokens.issue(subject, role, Duration.ofHours(1));
        var peer = new Peer(
                new ManagerAddress("127.0.0.1", server.getSecurePort(), false),
                Optional.of(new JoinToken(JoinToken.fingerprint(ca()), bearer)));
        peers.add(peer);
        return peer;
    }

    private static MutinyDirectLinksGrpc.MutinyDirectLinksStub direct(Peer peer) {
        return MutinyDirectLinksGrpc.newMutinyStub(peer.channel());
    }

    private static Status status(Uni<?> call) {
        try {
            call.await().atMost(WAIT);
            return Status.OK;
        } catch (RuntimeException e) {
            return Status.fromThrowable(e);
        }
    }

    private static Status.Code code(Uni<?> call) {
        return status(call).getCode();
    }

    private static CertificateRequest request(SessionInfo session, byte[] publicKey) {
        return CertificateRequest.newBuilder()
                .setSessionId(session.getSessionId())
                .setPublicKey(ByteString.copyFrom(publicKey))
                .build();
    }

    private static KeyPair keyPair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private AgentListener listener(int port) {
        return AgentListener.newBuilder()
                .setSessionId(web.getSessionId())
                .setAddress(ADDRESS)
                .setPort(port)
                .setFingerprint(ByteString.copyFrom(new byte[32]))
                .setTicketKey(key.secret())
                .build();
    }

    private static DirectWatch watch(SessionInfo session) {
        return DirectWatch.newBuilder().setSessionId(session.getSessionId()).build();
    }

    private static AssertSubscriber<DirectAgents> watched(Peer peer, SessionInfo session) {
        AssertSubscriber<DirectAgents> watched = AssertSubscriber.create(Long.MAX_VALUE);
        direct(peer).watchAgents(watch(session)).subscribe().withSubscriber(watched);
        await().atMost(WAIT).until(() -> !watched.getItems().isEmpty());
        return watched;
    }

    private void intercept() {
        InterceptInfo created = bob.manager()
                .createIntercept(CreateInterceptRequest.newBuilder()
                        .setSession(bobs)
                        .setInterceptSpec(InterceptSpec.newBuilder()
                                .setName("web")
                                .setAgent("web")
                                .setTargetPort(3000)
                                .setContainerPort(8080))
                        .build())
                .await()
                .atMost(WAIT);
        agent.manager()
                .reviewIntercept(ReviewInterceptRequest.newBuilder()
                        .setSession(web)
                        .setId(created.getId())
                        .setDisposition(InterceptDispositionType.ACTIVE)
                        .build())
                .await()
                .atMost(WAIT);
    }

    @Test
    void theManagerSaysThatItCan() {
        var own = MutinyHandshakeGrpc.newMutinyStub(agent.channel())
                .exchange(PeerInfo.getDefaultInstance())
                .await()
                .atMost(WAIT);

        assertThat(own.getCapabilitiesList()).contains(Capability.DIRECT_LINKS.label());
    }

    @Test
    void anAgentGetsACertificateForItsKeyThatTheInstallationHasNotSigned() throws Exception {
        KeyPair pair = keyPair();

        X509Certificate made = certificate(direct(agent)
                .certify(request(web, pair.getPublic().getEncoded()))
                .await()
                .atMost(WAIT)
                .getCertificate()
                .toByteArray());

        assertThat(made.getPublicKey()).isEqualTo(pair.getPublic());
        assertThatExceptionOfType(SignatureException.class).isThrownBy(() -> made.verify(ca().getPublicKey()));
        Status wrong = status(direct(agent).certify(request(web, new byte[300])));
        assertThat(wrong.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(wrong.getDescription()).contains("256 bytes");
    }

    @Test
    void onlyTheAgentItselfMayCertifyAndListen() throws Exception {
        byte[] publicKey = keyPair().getPublic().getEncoded();
        Peer other = peer(Role.AGENT, "api");

        for (Peer stranger : List.of(other, bob)) {
            assertThat(code(direct(stranger).certify(request(web, publicKey))))
                    .isEqualTo(Status.Code.PERMISSION_DENIED);
            assertThat(code(direct(stranger).listen(listener(4222)))).isEqualTo(Status.Code.PERMISSION_DENIED);
        }
        assertThat(code(direct(bob).certify(request(bobs, publicKey)))).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(code(direct(agent).certify(CertificateRequest.getDefaultInstance())))
                .isEqualTo(Status.Code.NOT_FOUND);
        assertThat(code(direct(agent).listen(AgentListener.getDefaultInstance())))
                .isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void onlyTheClientItselfMayWatch() throws Exception {
        Peer eve = peer(Role.CLIENT, "eve");

        assertThat(code(direct(eve).watchAgents(watch(bobs)).toUni())).isEqualTo(Status.Code.PERMISSION_DENIED);
        assertThat(code(direct(agent).watchAgents(watch(web)).toUni())).isEqualTo(Status.Code.PERMISSION_DENIED);
    }

    @Test
    void aClientIsToldWhereTheAgentsOfWhatItEngagesListenUntilTheyStopOrItDoes() throws Exception {
        // Given
        Peer eve = peer(Role.CLIENT, "eve");
        SessionInfo eves = eve.arriveAsClient("eve@laptop");
        var atEve = watched(eve, eves);
        var atBob = watched(bob, bobs);
        assertThat(atBob.getLastItem()).isEqualTo(DirectAgents.getDefaultInstance());

        // When
        direct(agent).listen(listener(4222)).await().atMost(WAIT);
        intercept();

        // Then
        await().atMost(WAIT).until(() -> atBob.getLastItem().getAgentsCount() == 1);
        DirectAgent told = atBob.getLastItem().getAgents(0);
        assertThat(told.getSessionId()).isEqualTo(web.getSessionId());
        assertThat(told.getWorkload()).isEqualTo("web");
        assertThat(told.getAddress()).isEqualTo(ADDRESS);
        assertThat(told.getPort()).isEqualTo(4222);
        assertThat(key.opens(bobs.getSessionId(), told.getTicket().toByteArray()))
                .isTrue();

        // And
        direct(agent).listen(listener(4223)).await().atMost(WAIT);
        await().atMost(WAIT)
                .until(() -> atBob.getLastItem().getAgentsCount() == 1
                        && atBob.getLastItem().getAgents(0).getPort() == 4223);
        direct(agent).listen(listener(0)).await().atMost(WAIT);
        await().atMost(WAIT).until(() -> atBob.getLastItem().getAgentsCount() == 0);
        direct(agent).listen(listener(4222)).await().atMost(WAIT);
        await().atMost(WAIT).until(() -> atBob.getLastItem().getAgentsCount() == 1);
        bob.manager()
                .removeIntercept(RemoveInterceptRequest2.newBuilder()
                        .setSession(bobs)
                        .setName("web")
                        .build())
                .await()
                .atMost(WAIT);
        await().atMost(WAIT).until(() -> atBob.getLastItem().getAgentsCount() == 0);
        assertThat(atEve.getItems()).containsExactly(DirectAgents.getDefaultInstance());
        eve.manager().depart(eves).await().atMost(WAIT);
        atEve.awaitCompletion(WAIT);
        atBob.cancel();
    }
}
