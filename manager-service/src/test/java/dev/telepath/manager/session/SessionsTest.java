package dev.telepath.manager.session;

import static dev.telepath.manager.session.Arrived.AGENT;
import static dev.telepath.manager.session.Arrived.BOB;
import static dev.telepath.manager.session.Arrived.EVE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SessionsTest {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final Sessions sessions = new Sessions(new Settings(10), now::get);
    private final Expiry expiry = new Expiry(sessions, new Settings(10), now::get);

    private void pass(Duration time) {
        for (long left = time.toSeconds(); left > 0; left -= 5) {
            now.updateAndGet(then -> then.plusSeconds(5));
            expiry.tick();
        }
    }

    private static void refused(String code, ThrowingCallable call) {
        assertThatThrownBy(call).hasMessageStartingWith(code);
    }

    @Test
    void onlyItsOwnerFindsASession() {
        var session = sessions.arrive(BOB, Arrived.client("bob"));

        assertThat(sessions.client(BOB, session.id())).isSameAs(session);
        refused("PERMISSION_DENIED", () -> sessions.client(EVE, session.id()));
        refused("PERMISSION_DENIED", () -> sessions.remain(EVE, session.id()));
        refused("PERMISSION_DENIED", () -> sessions.depart(EVE, session.id()));
        refused("PERMISSION_DENIED", () -> sessions.client(Principal.LEGACY, session.id()));
        refused("PERMISSION_DENIED", () -> sessions.client(new Principal("bob", Role.AGENT, false), session.id()));
        refused("PERMISSION_DENIED", () -> sessions.restore(EVE, session.id(), Arrived.client("eve")));
    }

    @Test
    void anUnknownSessionIsNotFoundByName() {
        refused("NOT_FOUND: Session \"x\" not found", () -> sessions.remain(BOB, "x"));
        sessions.depart(BOB, "x");
    }

    @Test
    void clientsAndAgentsCannotArriveAsEachOther() {
        refused("PERMISSION_DENIED", () -> sessions.arrive(AGENT, Arrived.client("bob")));
        refused("PERMISSION_DENIED", () -> sessions.arrive(BOB, Arrived.agent("web")));
    }

    @Test
    void anAgentTokenForOneWorkloadIsGoodForNoOther() {
        var api = new Principal("api", Role.AGENT, false);

        assertThat(sessions.arrive(api, Arrived.agent("api")).workload().name()).isEqualTo("api");
        refused("PERMISSION_DENIED", () -> sessions.arrive(api, Arrived.agent("web")));
    }

    @Test
    void legacyAgentsCannotJoinAWorkloadWhoseAgentsProveThemselves() {
        sessions.arrive(AGENT, Arrived.agent("web"));

        refused("FAILED_PRECONDITION", () -> sessions.arrive(Principal.LEGACY, Arrived.agent("web")));
        assertThat(sessions.agents(Principal.LEGACY, new WorkloadKey("default", "web")))
                .isEmpty();
    }

    @Test
    void legacyClientsSeeAgentsThatProveThemselvesOnlyWhereTheInstallationSaysSo() {
        var web = new WorkloadKey("default", "web");
        var agent = sessions.arrive(AGENT, Arrived.agent("web"));

        assertThat(sessions.agents(Principal.LEGACY, web)).isEmpty();
        assertThat(sessions.agents(Principal.TRUSTED_LEGACY, web)).containsExactly(agent);
        refused("FAILED_PRECONDITION", () -> sessions.arrive(Principal.TRUSTED_LEGACY, Arrived.agent("web")));
        refused("PERMISSION_DENIED", () -> sessions.agent(Principal.TRUSTED_LEGACY, agent.id()));
    }

    @Test
    void missingArgumentsAreNamed() {
        refused("INVALID_ARGUMENT: name", () -> sessions.arrive(BOB, ClientInfo.getDefaultInstance()));
        refused(
                "INVALID_ARGUMENT: version",
                () -> sessions.arrive(
                        BOB, Arrived.client("b").toBuilder().setVersion("new").build()));
        refused(
                "INVALID_ARGUMENT: version v2.5.9 is too old",
                () -> sessions.arrive(
                        BOB,
                        Arrived.client("b").toBuilder()
                                .setProduct("telepresence")
                                .setVersion("v2.5.9")
                                .build()));
        refused(
                "INVALID_ARGUMENT: mechanisms",
                () -> sessions.arrive(
                        AGENT,
                        Arrived.agent("web").toBuilder().clearMechanisms().build()));
        refused("INVALID_ARGUMENT: name is longer", () -> sessions.arrive(BOB, Arrived.client("b".repeat(254))));
        refused("INVALID_ARGUMENT: name has control", () -> sessions.arrive(BOB, Arrived.client("a\nb")));
        refused(
                "INVALID_ARGUMENT: environment",
                () -> sessions.arrive(
                        AGENT,
                        Arrived.agent("web").toBuilder()
                                .putEnvironment("A", "x".repeat(1024 * 1024))
                                .build()));
    }

    @Test
    void thereIsAMostOfSessions() {
        for (int i = 0; i < 10; i++) {
            sessions.arrive(BOB, Arrived.client("bob"));
        }
        refused("RESOURCE_EXHAUSTED", () -> sessions.arrive(BOB, Arrived.client("bob")));
    }

    @Test
    void aSilentAgentExpiresAndOneThatCallsDoesNot() {
        var silent = sessions.arrive(AGENT, Arrived.agent("silent"));
        var alive = sessions.arrive(AGENT, Arrived.agent("alive"));
        pass(Duration.ofSeconds(10));
        sessions.remain(AGENT, alive.id());

        pass(Duration.ofSeconds(10));

        assertThat(silent.isEnded()).isTrue();
        assertThat(alive.isEnded()).isFalse();
        assertThat(sessions.agents()).containsExactly(alive);
    }

    @Test
    void agentsThatCallOnceAMinuteHaveMoreTime() {
        AgentInfo.Builder telepresence = Arrived.agent("web").toBuilder().setProduct("telepresence");
        var slow = sessions.arrive(
                Principal.LEGACY, telepresence.setVersion("2.27.4").build());
        var old = sessions.arrive(
                Principal.LEGACY, telepresence.setVersion("2.20.2").build());

        pass(Duration.ofSeconds(60));

        assertThat(slow.isEnded()).isFalse();
        assertThat(old.isEnded()).isTrue();
    }

    @Test
    void timeThatTheHostSleptIsNoSilence() {
        var agent = sessions.arrive(AGENT, Arrived.agent("web"));
        pass(Duration.ofSeconds(5));

        now.updateAndGet(then -> then.plus(Duration.ofHours(8)));
        expiry.tick();

        assertThat(agent.isEnded()).isFalse();
        pass(Duration.ofSeconds(20));
        assertThat(agent.isEnded()).isTrue();
    }

    @Test
    void anAgentWithTheSameUidTakesThePlaceOfTheOneBefore() {
        var info = Arrived.agent("web").toBuilder().setPodUid("uid").build();
        var first = sessions.arrive(AGENT, info);
        var second = sessions.arrive(AGENT, info);

        assertThat(second.id()).isEqualTo(first.id()).isEqualTo("agent:uid");
        assertThat(first.isEnded()).isTrue();
        assertThat(sessions.agents()).containsExactly(second);
    }

    @Test
    void restoringKeepsTheIdAndIsIgnoredForAKnownSession() {
        var restored = sessions.restore(BOB, "old-id", Arrived.client("bob"));

        assertThat(restored.id()).isEqualTo("old-id");
        assertThat(sessions.restore(BOB, "old-id", Arrived.client("other"))).isSameAs(restored);
    }
}
