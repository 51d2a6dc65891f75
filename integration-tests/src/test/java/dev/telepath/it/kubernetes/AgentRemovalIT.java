package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.UninstallAgentsRequest;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.ManagedChannel;
import io.netty.channel.nio.NioEventLoopGroup;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Agents that came on demand go again, and the workload's pod template is what it was. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
@NullUnmarked
class AgentRemovalIT {
    private static final Duration ROLLED = Duration.ofSeconds(60);
    /** The least that the manager takes, and until it looks and the pods are made anew. */
    private static final Duration IDLE = Duration.ofSeconds(60 + 15).plus(ROLLED);

    private ClusterRig rig;

    @BeforeAll
    void install() {
        rig = ClusterRig.here();
        rig.start();
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (rig != null) {
            rig.close();
        }
    }

    private String of(String name, String kind, String path) {
        return rig.kubectl("-n", rig.open(), "get", kind, "-l", "app=" + name, "-o", "jsonpath=" + path)
                .orFail()
                .out();
    }

    private String template(String name) {
        return rig.kubectl("-n", rig.open(), "get", "deployment", name, "-o", "jsonpath={.spec.template}")
                .orFail()
                .out();
    }

    private boolean hasAgent(String name) {
        return of(name, "pods", "{..spec.containers[*].name}").contains("telepath-agent");
    }

    /** The pod template of before. */
    private String engagedAndLeft(String name) {
        rig.echo(rig.open(), "Deployment", name, "http", "");
        String before = template(name);
        rig.tp("intercept", name, "--namespace", rig.open(), "--port", "9:80").orFail();
        rig.tp("leave", name).orFail();
        assertThat(hasAgent(name)).isTrue();
        assertThat(template(name)).isNotEqualTo(before);
        return before;
    }

    private void asBefore(String name, String before, Duration most) {
        await().atMost(most).until(() -> !hasAgent(name));
        assertThat(template(name)).isEqualTo(before);
        assertThat(rig.called(rig.open(), name)).contains("/whoami");
    }

    @Test
    void anAgentThatNobodyUsesIsTakenAwayAfterTheSettingsTime() {
        rig.managerSettings("TELEPATH_MANAGER_AGENTS_IDLE=1m");
        try {
            String before = engagedAndLeft("forgotten");
            asBefore("forgotten", before, IDLE);
        } finally {
            rig.managerSettings("TELEPATH_MANAGER_AGENTS_IDLE-");
        }
    }

    @Test
    void anAgentIsTakenAwayWhenATelepresenceClientUninstallsIt() {
        String before = engagedAndLeft("dismissed");
        var loops = new NioEventLoopGroup(1);
        ManagedChannel channel = ManagerChannel.open(
                ManagerAddress.parse(rig.managerAddress()),
                Optional.of(JoinToken.parse(rig.clientToken())),
                loops,
                ManagerChannel.Limits.STANDARD);
        try {
            var manager = ManagerGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
            SessionInfo session = manager.arriveAsClient(ClientInfo.newBuilder()
                    .setName("other@laptop")
                    .setNamespace(rig.open())
                    .setInstallId("1234")
                    .setProduct("telepresence")
                    .setVersion("v2.27.4")
                    .build());
            manager.uninstallAgents(UninstallAgentsRequest.newBuilder()
                    .setSessionInfo(session)
                    .addAgents("dismissed")
                    .build());
            asBefore("dismissed", before, ROLLED);
        } finally {
            channel.shutdownNow();
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
