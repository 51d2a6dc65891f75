package dev.telepath.manager.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.telepath.manager.legacy.LegacyPort;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.protocol.telepresence.manager.AgentPodInfo;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.ReconnectClientRequest;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.protocol.v1.CertificateRequest;
import dev.telepath.protocol.v1.DirectWatch;
import dev.telepath.protocol.v1.MutinyDirectLinksGrpc;
import dev.telepath.protocol.v1.MutinyHandshakeGrpc;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.transport.ManagerAddress;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.MutinyHealthGrpc;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.helpers.test.AssertSubscriber;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The clear-text port: open to Telepresence peers, closed to everything else. */
@QuarkusTest
@QuarkusTestResource(TestInstallation.class)
class LegacyPortTest {
    private static final Duration WAIT = Duration.ofSeconds(20);

    @Inject
    LegacyPort legacy;

    @Inject
    DialWatchers watchers;

    private Peer peer() throws Exception {
        return new Peer(new ManagerAddress("127.0.0.1", legacy.listen(0), true), Optional.empty());
    }

    private static Status.Code code(Uni<?> call) {
        try {
            call.await().atMost(WAIT);
            return Status.Code.OK;
        } catch (RuntimeException e) {
            return Status.fromThrowable(e).getCode();
        }
    }

    @Test
    void oldPeersConnectWithoutATokenAndTelepathsOwnServicesAreAbsent() throws Exception {
        try (Peer peer = peer()) {
            var version =
                    peer.manager().version(Empty.getDefaultInstance()).await().atMost(WAIT);
            var health = MutinyHealthGrpc.newMutinyStub(peer.channel())
                    .check(HealthCheckRequest.getDefaultInstance())
                    .await()
                    .atMost(WAIT);

            assertThat(version.getVersion()).isEqualTo("v2.27.4");
            assertThat(health.getStatus()).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
            assertThat(code(MutinyHandshakeGrpc.newMutinyStub(peer.channel()).exchange(PeerInfo.getDefaultInstance())))
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
            var direct = MutinyDirectLinksGrpc.newMutinyStub(peer.channel());
            assertThat(code(direct.certify(CertificateRequest.getDefaultInstance())))
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
            assertThat(code(direct.listen(AgentListener.getDefaultInstance()))).isEqualTo(Status.Code.UNIMPLEMENTED);
            assertThat(code(direct.watchAgents(DirectWatch.getDefaultInstance()).toUni()))
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
        }
    }

    @Test
    void anAuthorityThatNamesNoHostIsServed() throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", legacy.listen(0))
                .usePlaintext()
                .overrideAuthority("svc%2Ftraffic-manager.ambassador:api")
                .build();
        try {
            assertThat(code(MutinyManagerGrpc.newMutinyStub(channel).version(Empty.getDefaultInstance())))
                    .isEqualTo(Status.Code.OK);
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void absentMessagesAreDefaultsAndNeverACrash() throws Exception {
        try (Peer peer = peer()) {
            var manager = peer.manager();

            assertThat(code(manager.remain(RemainRequest.getDefaultInstance()))).isEqualTo(Status.Code.NOT_FOUND);
            assertThat(code(manager.createIntercept(CreateInterceptRequest.getDefaultInstance())))
                    .isEqualTo(Status.Code.NOT_FOUND);
            assertThat(code(manager.reconnectClient(ReconnectClientRequest.getDefaultInstance())))
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(code(manager.getLicense(Empty.getDefaultInstance()))).isEqualTo(Status.Code.UNIMPLEMENTED);
            assertThat(code(manager.watchClusterInfo(SessionInfo.getDefaultInstance())
                            .collect()
                            .first()))
                    .isEqualTo(Status.Code.NOT_FOUND);
            assertThat(code(manager.watchIntercepts(SessionInfo.getDefaultInstance())
                            .collect()
                            .first()))
                    .isEqualTo(Status.Code.OK);
        }
    }

    @Test
    void aClientIsSentToThePodsOfAgentsThatServeAPortForIt() throws Exception {
        try (Peer peer = peer()) {
            var served = peer.arrive(
                    Peer.agent("with-pods", "10.1.1.1").setPodName("pod-served").setApiPort(4222));
            var closed = peer.arrive(Peer.agent("with-pods", "10.1.1.2").setPodName("pod-closed"));
            var client = peer.arriveAsClient("old@laptop");

            var pods = peer.manager().watchAgentPods(client).toUni().await().atMost(WAIT).getAgentsList().stream()
                    .filter(pod -> pod.getWorkloadName().equals("with-pods"))
                    .toList();

            assertThat(pods).extracting(AgentPodInfo::getPodName).containsExactlyInAnyOrder("pod-served", "");
            assertThat(pods).extracting(AgentPodInfo::getApiPort).containsExactlyInAnyOrder(4222, 0);
            peer.manager().depart(served).await().atMost(WAIT);
            peer.manager().depart(closed).await().atMost(WAIT);
        }
    }

    @Test
    void aStreamIsRelayedToo() throws Exception {
        try (Peer client = peer();
                Peer agent = peer()) {
            // Given
            var clientSession = client.arriveAsClient("old@laptop");
            var agentSession = agent.arriveAsAgent("old-web", "127.0.0.8");
            agent.manager()
                    .watchDial(agentSession)
                    .subscribe()
                    .with(
                            request -> {
                                var call =
                                        agent.tunnel(agentSession, new ConnectionId(request.getConnId()), WAIT, null);
                                call.send(Multi.createBy()
                                        .concatenating()
                                        .streams(Multi.createFrom().item(new Frame.DialOk()), call.receive()));
                            },
                            failure -> {});
            await().atMost(WAIT).until(() -> watchers.size() > 0);

            // When
            var call = client.tunnel(clientSession, Peer.id(50001, 8080), WAIT, null);
            AssertSubscriber<Frame> atClient = AssertSubscriber.create(Long.MAX_VALUE);
            call.receive().subscribe().withSubscriber(atClient);
            call.send(Multi.createFrom().item(new Frame.Data(ByteString.copyFromUtf8("echo"))));

            // Then
            atClient.awaitCompletion(WAIT);
            assertThat(atClient.getItems()).contains(new Frame.Data(ByteString.copyFromUtf8("echo")));
        }
    }

    @Test
    void malformedAndOversizedFramesEndTheCallOnly() throws Exception {
        try (Peer peer = peer()) {
            assertThat(firstAnswer(peer, ByteString.EMPTY)).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(firstAnswer(peer, ByteString.copyFromUtf8("\1garbage")))
                    .isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(firstAnswer(peer, ByteString.copyFrom(new byte[] {4})))
                    .isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(firstAnswer(peer, ByteString.copyFrom(new byte[5 * 1024 * 1024])))
                    .isNotEqualTo(Status.Code.OK);
            assertThat(code(peer.manager().version(Empty.getDefaultInstance()))).isEqualTo(Status.Code.OK);
        }
    }

    private static Status.Code firstAnswer(Peer peer, ByteString payload) {
        return code(CallBridge.call(
                        peer.channel(),
                        ManagerGrpc.getTunnelMethod(),
                        CallOptions.DEFAULT,
                        Credit.standard(),
                        Multi.createBy()
                                .concatenating()
                                .streams(
                                        Multi.createFrom()
                                                .item(TunnelMessage.newBuilder()
                                                        .setPayload(payload)
                                                        .build()),
                                        Multi.createFrom().<TunnelMessage>nothing()))
                .collect()
                .first());
    }

    @Test
    void aPortInUseIsAFailure() throws Exception {
        int port = legacy.listen(0);
        try (var taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
            assertThat(port).isNotEqualTo(taken.getLocalPort());
            assertThatThrownBy(() -> legacy.listen(taken.getLocalPort())).hasMessageContaining("in use");
        }
    }
}
