package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.PartialPeer;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.Multi;
import io.vertx.core.Vertx;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ours beside peers that lack RPCs, and beside peers of the older kind: one line and one feature, never the session. */
@Timeout(180)
class OlderPeersIT {
    private final Vertx vertx = Vertx.vertx();
    private final Installation telepath = Installation.temporary();
    private SampleService workload;
    private SampleService laptop;
    private int legacy;

    @BeforeEach
    void install() {
        telepath.init();
        legacy = telepath.startManager("--legacy-port", "0").port("legacy-port");
        workload = SampleService.start(vertx, "workload", 0);
        laptop = SampleService.start(vertx, "laptop", 0);
    }

    @AfterEach
    void end() {
        telepath.close();
        workload.close();
        laptop.close();
        vertx.close();
    }

    private Running agentAt(int port, String... options) {
        List<String> command = new ArrayList<>(Program.AGENT.command("128m"));
        command.addAll(List.of("--manager", "http://127.0.0.1:" + port, "--name", "web", "--namespace", "default"));
        command.addAll(List.of("--port", "0=127.0.0.1:" + workload.port() + ":http"));
        command.addAll(Arrays.asList(options));
        return telepath.start("agent-web", command, Map.of());
    }

    private void mainJob(int managerPort, Running agent) throws Exception {
        int web = agent.port("port-http");
        telepath.tp("connect", "--manager", "http://127.0.0.1:" + managerPort).orFail();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        for (int i = 0; i < 30; i++) {
            assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n");
        }
        telepath.tp("leave", "web").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ReportMetrics",
                "WatchWorkloads,GetKnownWorkloadKinds",
                "EnsureAgent",
                "ReconnectClient,ReconnectAgent,Lookup",
                "WatchInterceptsDelta,WatchAgentsDelta,WatchAgentPodsDelta",
                "ReportMetrics,WatchWorkloads,EnsureAgent,GetKnownWorkloadKinds,Lookup,ReconnectClient,ReconnectAgent,"
                        + "WatchInterceptsDelta,WatchAgentsDelta,WatchAgentPods,WatchAgentPodsDelta,Exchange,Offer,Describe"
            })
    void aManagerThatLacksMethodsStillDoesTheMainJob(String methods) throws Exception {
        String[] missing = methods.split(",");
        try (PartialPeer older = PartialPeer.without(legacy, missing)) {
            Running agent = agentAt(older.port());
            mainJob(older.port(), agent);
            for (String method : missing) {
                assertThat(older.calls(method)).as("calls of " + method).isLessThanOrEqualTo(2);
            }
            assertThat(agent.log()).doesNotContain("ERROR");
            List<String> features = agent.log()
                    .lines()
                    .filter(line -> line.contains("feature not offered"))
                    .map(line -> line.replaceAll(".*capability=([a-z-]+).*", "$1"))
                    .toList();
            assertThat(features).as("one line for each feature").doesNotHaveDuplicates();
            telepath.tp("quit", "-s");
        }
    }

    @Test
    void aManagerWithoutDialWatchingIsServedStraightFromTheAgent() throws Exception {
        try (PartialPeer newer = PartialPeer.without(legacy, "WatchDial", "WatchLookupDNS", "AgentLookupDNSResponse")) {
            mainJob(newer.port(), agentAt(newer.port(), "--api-port", "0"));
        }
    }

    /** A client of 2.14's kind: snapshots, watch-dial, no telepath.v1. Written with bare stubs, as a peer would be. */
    @Test
    void aClientOfTheOlderKindInterceptsThroughOurManagerAndAgent() throws Exception {
        Running agent = agentAt(legacy);
        int web = agent.port("port-http");
        var loops = new NioEventLoopGroup(1);
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", legacy)
                .usePlaintext()
                .build();
        try {
            var manager = ManagerGrpc.newBlockingStub(channel);
            SessionInfo session = manager.arriveAsClient(ClientInfo.newBuilder()
                    .setName("old@laptop")
                    .setInstallId("1234")
                    .setProduct("telepresence")
                    .setVersion("v2.14.0")
                    .build());
            ManagerGrpc.newStub(channel).watchDial(session, new Observer<DialRequest>() {
                @Override
                public void onNext(DialRequest request) {
                    dialBack(channel, loops, session, request);
                }
            });
            CreateInterceptRequest request = CreateInterceptRequest.newBuilder()
                    .setSession(session)
                    .setInterceptSpec(InterceptSpec.newBuilder()
                            .setName("web")
                            .setClient("old@laptop")
                            .setAgent("web")
                            .setNamespace("default")
                            .setMechanism("tcp")
                            .setWorkloadKind("Deployment")
                            .setPortIdentifier("http")
                            .setTargetHost("127.0.0.1")
                            .setTargetPort(laptop.port()))
                    .build();
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(manager.prepareIntercept(request).getError())
                                    .isEmpty());
            InterceptInfo created = manager.createIntercept(request);
            assertThat(created.getId()).isEqualTo(session.getSessionId() + ":web");
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
            manager.depart(session);
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
        } finally {
            channel.shutdownNow();
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static void dialBack(
            ManagedChannel channel, NioEventLoopGroup loops, SessionInfo session, DialRequest request) {
        var info = new Frame.StreamInfo(
                FrameCodec.VERSION,
                Duration.ofSeconds(1),
                Duration.ofSeconds(3),
                new ConnectionId(request.getConnId()),
                session.getSessionId());
        var call = TunnelCall.open(
                channel, ManagerGrpc.getTunnelMethod(), CallOptions.DEFAULT, Credit.standard(), info, null);
        var target =
                new InetSocketAddress(info.id().destinationAddress(), info.id().destinationPort());
        new Dialer(loops)
                .dial(target, Duration.ofSeconds(3), Credit.standard())
                .thenAccept(end -> StreamEnd.join(end, call));
    }

    /** An agent of 2.14's kind: approves what comes, relays through the manager. */
    @Test
    void anAgentOfTheOlderKindServesOurClient() throws Exception {
        var loops = new NioEventLoopGroup(1);
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", legacy)
                .usePlaintext()
                .build();
        try {
            SessionInfo session = ManagerGrpc.newBlockingStub(channel)
                    .arriveAsAgent(AgentInfo.newBuilder()
                            .setName("old")
                            .setNamespace("default")
                            .setPodIp("127.0.0.1")
                            .setProduct("telepresence")
                            .setVersion("v2.14.0")
                            .addMechanisms(AgentInfo.Mechanism.newBuilder()
                                    .setName("tcp")
                                    .setProduct("telepresence")
                                    .setVersion("v2.14.0"))
                            .build());
            var active = new AtomicReference<InterceptInfo>();
            ManagerGrpc.newStub(channel).watchIntercepts(session, new Observer<InterceptInfoSnapshot>() {
                @Override
                public void onNext(InterceptInfoSnapshot snapshot) {
                    snapshot.getInterceptsList().forEach(intercept -> review(channel, session, intercept, active));
                }
            });
            telepath.tp("connect", "--manager", "http://127.0.0.1:" + legacy).orFail();
            telepath.tp("intercept", "old", "--port", laptop.port() + ":80").orFail();
            await().untilAsserted(() -> assertThat(active.get()).isNotNull());
            assertThat(divert(channel, session, active.get()))
                    .contains("200 OK")
                    .contains("hello from laptop");
        } finally {
            channel.shutdownNow();
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static void review(
            ManagedChannel channel,
            SessionInfo session,
            InterceptInfo intercept,
            AtomicReference<InterceptInfo> active) {
        if (intercept.getDisposition() == InterceptDispositionType.WAITING) {
            ReviewInterceptRequest approval = ReviewInterceptRequest.newBuilder()
                    .setSession(session)
                    .setId(intercept.getId())
                    .setDisposition(InterceptDispositionType.ACTIVE)
                    .setPodIp("127.0.0.1")
                    .setMechanismArgsDesc("all TCP connections")
                    .putEnvironment("FROM", "old agent")
                    .build();
            ManagerGrpc.newStub(channel).reviewIntercept(approval, new Observer<>());
        } else if (intercept.getDisposition() == InterceptDispositionType.ACTIVE) {
            active.set(intercept);
        }
    }

    private static String divert(ManagedChannel channel, SessionInfo session, InterceptInfo intercept)
            throws Exception {
        InterceptSpec spec = intercept.getSpec();
        var id = ConnectionId.of(
                Protocol.TCP,
                new InetSocketAddress("127.0.0.1", 4711),
                new InetSocketAddress("127.0.0.1", spec.getTargetPort()));
        TunnelCall call = TunnelCall.open(
                channel,
                ManagerGrpc.getTunnelMethod(),
                CallOptions.DEFAULT,
                Credit.standard(),
                new Frame.StreamInfo(
                        FrameCodec.VERSION, Duration.ofSeconds(1), Duration.ofSeconds(5), id, session.getSessionId()),
                intercept.getClientSession().getSessionId());
        call.dialled().toCompletableFuture().get(10, TimeUnit.SECONDS);
        String question = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        call.send(Multi.createFrom().item(new Frame.Data(ByteString.copyFromUtf8(question))));
        return call.receive()
                .filter(frame -> frame instanceof Frame.Data)
                .map(frame -> ((Frame.Data) frame).bytes().toStringUtf8())
                .collect()
                .with(Collectors.joining())
                .await()
                .atMost(Duration.ofSeconds(10));
    }

    private static class Observer<T> implements StreamObserver<T> {
        @Override
        public void onNext(T value) {}

        @Override
        public void onError(Throwable cause) {}

        @Override
        public void onCompleted() {}
    }
}
