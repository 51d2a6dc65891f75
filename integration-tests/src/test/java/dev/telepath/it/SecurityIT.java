package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Empty;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.RemoveInterceptRequest2;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.channel.nio.NioEventLoopGroup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may do what at the manager's port, tried with bare stubs. */
@Timeout(120)
class SecurityIT {
    private static final NioEventLoopGroup LOOPS = new NioEventLoopGroup(1);
    private static final Installation TELEPATH = Installation.temporary();
    private static final List<ManagedChannel> CHANNELS = new ArrayList<>();
    private static String alice;
    private static String bob;
    private static String agent;

    @BeforeAll
    static void install() throws Exception {
        TELEPATH.init();
        TELEPATH.startManager();
        alice = Files.readString(TELEPATH.tokenFor("alice", "1h")).strip();
        bob = Files.readString(TELEPATH.tokenFor("bob", "1h")).strip();
        agent = Files.readString(TELEPATH.tokenFile("agent-token")).strip();
    }

    @AfterAll
    static void end() {
        CHANNELS.forEach(ManagedChannel::shutdownNow);
        TELEPATH.close();
        LOOPS.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static ManagerGrpc.ManagerBlockingStub as(JoinToken token) {
        ManagedChannel channel = ManagerChannel.open(
                ManagerAddress.parse(TELEPATH.managerAddress()),
                Optional.of(token),
                LOOPS,
                ManagerChannel.Limits.STANDARD);
        CHANNELS.add(channel);
        return ManagerGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private static ManagerGrpc.ManagerBlockingStub as(String token) {
        return as(JoinToken.parse(token));
    }

    private static SessionInfo arrive(String token, String name) {
        return as(token)
                .arriveAsClient(ClientInfo.newBuilder()
                        .setName(name)
                        .setInstallId("1")
                        .setProduct("telepath")
                        .setVersion("v2.27.4")
                        .build());
    }

    private static void refused(Status.Code code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode())
                                .as(e.getMessage())
                                .isEqualTo(code));
    }

    @Test
    void withoutAValidTokenNothingIsAnswered() {
        JoinToken good = JoinToken.parse(alice);
        String[] parts = good.bearer().split("\\.");
        refused(
                Status.Code.UNAUTHENTICATED,
                () -> as(new JoinToken(good.caFingerprint(), "nonsense")).version(Empty.getDefaultInstance()));
        String forged = parts[0] + "." + parts[1] + "." + "A".repeat(parts[2].length());
        refused(
                Status.Code.UNAUTHENTICATED,
                () -> as(new JoinToken(good.caFingerprint(), forged)).arriveAsClient(ClientInfo.getDefaultInstance()));
        String unsigned =
                java.util.Base64.getUrlEncoder().withoutPadding().encodeToString("{\"alg\":\"none\"}".getBytes()) + "."
                        + parts[1] + ".";
        refused(
                Status.Code.UNAUTHENTICATED,
                () -> as(new JoinToken(good.caFingerprint(), unsigned))
                        .arriveAsClient(ClientInfo.getDefaultInstance()));
    }

    @Test
    void aManagerWithAnotherCaIsNotTrusted() {
        JoinToken other = new JoinToken("00".repeat(32), JoinToken.parse(alice).bearer());
        refused(Status.Code.UNAVAILABLE, () -> as(other).version(Empty.getDefaultInstance()));
    }

    @Test
    void anotherUsersSessionCannotBeReadChangedOrEnded() {
        SessionInfo session = arrive(alice, "alice@laptop");
        var asBob = as(bob);
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> asBob.remain(
                        RemainRequest.newBuilder().setSession(session).build()));
        refused(Status.Code.PERMISSION_DENIED, () -> asBob.depart(session));
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> asBob.watchIntercepts(session).hasNext());
        refused(Status.Code.PERMISSION_DENIED, () -> asBob.watchDial(session).hasNext());
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> asBob.createIntercept(CreateInterceptRequest.newBuilder()
                        .setSession(session)
                        .setInterceptSpec(
                                InterceptSpec.newBuilder().setName("x").setAgent("web"))
                        .build()));
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> asBob.removeIntercept(RemoveInterceptRequest2.newBuilder()
                        .setSession(session)
                        .setName("x")
                        .build()));
        as(alice).remain(RemainRequest.newBuilder().setSession(session).build());
    }

    @Test
    void aClientsTokenMakesNoAgentAndAnAgentsNoClient() {
        refused(
                Status.Code.PERMISSION_DENIED,
                () -> as(alice)
                        .arriveAsAgent(AgentInfo.newBuilder()
                                .setName("web")
                                .setNamespace("default")
                                .setProduct("p")
                                .setVersion("v2.0.0")
                                .addMechanisms(AgentInfo.Mechanism.newBuilder()
                                        .setName("tcp")
                                        .setProduct("p")
                                        .setVersion("1"))
                                .build()));
        refused(Status.Code.PERMISSION_DENIED, () -> arrive(agent, "agent as client"));
    }

    @Test
    void emptyMessagesAreAnsweredAndKillNothing() {
        var manager = as(alice);
        List<ThrowingCallable> calls = List.of(
                () -> manager.remain(RemainRequest.getDefaultInstance()),
                () -> manager.createIntercept(CreateInterceptRequest.getDefaultInstance()),
                () -> manager.prepareIntercept(CreateInterceptRequest.getDefaultInstance()),
                () -> manager.removeIntercept(RemoveInterceptRequest2.getDefaultInstance()),
                () -> manager.arriveAsClient(ClientInfo.getDefaultInstance()),
                () -> manager.depart(SessionInfo.getDefaultInstance()));
        for (ThrowingCallable call : calls) {
            try {
                call.call();
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isNotIn(Status.Code.INTERNAL, Status.Code.UNKNOWN);
            } catch (Throwable other) {
                throw new AssertionError(other);
            }
        }
        assertThat(manager.version(Empty.getDefaultInstance()).getVersion()).isNotEmpty();
    }

    @Test
    void anExpiredTokenSaysWhatToDo() throws Exception {
        Path expired = TELEPATH.tokenFor("late", "1s");
        org.awaitility.Awaitility.await()
                .atMost(java.time.Duration.ofSeconds(20))
                .untilAsserted(() -> refused(
                        Status.Code.UNAUTHENTICATED,
                        () -> as(Files.readString(expired)).version(Empty.getDefaultInstance())));
        Result result = TELEPATH.tpAs(
                "late", "connect", "--manager", TELEPATH.managerAddress(), "--token-file", expired.toString());
        assertThat(result.exit()).as(result.all()).isEqualTo(5);
        assertThat(result.err()).contains("expired").contains("token");
    }
}
