package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.attach.Attachment;
import dev.telepath.protocol.telepresence.agent.AgentGrpc;
import dev.telepath.protocol.telepresence.agent.MutinyAgentGrpc;
import dev.telepath.protocol.telepresence.manager.LookupRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.TunnelCall;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client of the direct era, against the agent's own service. */
@Timeout(60)
class DirectClientTest {
    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private final Credit credit = Credit.standard();
    private AgentRig rig;
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        rig = new AgentRig(Set.of(), Map.of("api-port", "0", "api-host", "127.0.0.1"));
        channel = ManagerChannel.open(
                ManagerAddress.parse("http://127.0.0.1:" + rig.agent.apiPort().orElseThrow()),
                Optional.empty(),
                loops,
                ManagerChannel.Limits.STANDARD);
        await().untilAsserted(() -> assertThat(rig.agent.connection()).isEqualTo(Attachment.State.ATTACHED));
    }

    @AfterEach
    void stop() throws IOException {
        channel.shutdownNow();
        rig.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private TunnelCall open(ConnectionId id) {
        var info = new Frame.StreamInfo(2, Duration.ZERO, Duration.ofSeconds(2), id, "client-i");
        return TunnelCall.open(channel, AgentGrpc.getTunnelMethod(), CallOptions.DEFAULT, credit, info, null);
    }

    @Test
    void diversionGoesToTheClientThatWatchesAtTheAgent() {
        rig.manager.clientThere = false;
        List<ConnectionId> asked = new CopyOnWriteArrayList<>();
        var watching = MutinyAgentGrpc.newMutinyStub(channel)
                .watchDial(SessionInfo.newBuilder().setSessionId("client-i").build())
                .subscribe()
                .with(request -> {
                    var id = new ConnectionId(request.getConnId());
                    asked.add(id);
                    TunnelCall call = open(id);
                    new Dialer(loops)
                            .dial(
                                    new InetSocketAddress(id.destinationAddress(), id.destinationPort()),
                                    Duration.ofSeconds(2),
                                    credit)
                            .thenAccept(end -> StreamEnd.join(end, call));
                });
        rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
        await().untilAsserted(() -> assertThat(rig.ask("direct")).isEqualTo("local:direct local:bye"));
        assertThat(asked).isNotEmpty();
        // When the client leaves, the workload serves again.
        watching.cancel();
        await().untilAsserted(() -> assertThat(rig.ask("gone")).startsWith("workload:gone"));
    }

    @Test
    void aTunnelThatNobodyWaitsForIsDialled() {
        var destination = new InetSocketAddress(InetAddress.getLoopbackAddress(), rig.workload.port());
        TunnelCall call = open(
                ConnectionId.of(Protocol.TCP, new InetSocketAddress(InetAddress.getLoopbackAddress(), 1), destination));
        assertThat(call.dialled().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(5));
        call.fail(new dev.telepath.tunnel.stream.StreamFailure.Reset("enough"));
    }

    @Test
    void namesAreLookedUp() {
        var answer = MutinyAgentGrpc.newMutinyStub(channel)
                .lookup(LookupRequest.newBuilder().setName("localhost.").build())
                .await()
                .atMost(Duration.ofSeconds(5));
        assertThat(answer.getIpsCount()).isPositive();
    }
}
