package dev.telepath.tunnel.reconnect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.tunnel.reconnect.State.Tries;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SupervisorTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Duration SLOWLY = Duration.ofSeconds(60);
    private static final ReconnectPolicy CLIENT =
            new ReconnectPolicy(Backoff.STANDARD, Duration.ofSeconds(10), Optional.empty(), true);
    private static final ReconnectPolicy AGENT =
            new ReconnectPolicy(Backoff.STANDARD, Duration.ofSeconds(10), Optional.of(SLOWLY), false);

    /** Every pair of a state and an event: what follows, and what is to be done. */
    private static final String TABLE = """
            IDLE        START        connecting  report connect
            IDLE        ATTACHED     idle
            IDLE        CLOSED       idle
            IDLE        RESET        idle
            IDLE        DENIED       idle
            IDLE        FORBIDDEN    idle
            IDLE        RETRY        idle
            IDLE        NETWORK      idle
            IDLE        RECONNECT    idle
            IDLE        CREDENTIALS  idle
            IDLE        QUIT         stopped     report
            FIRST       START        connecting
            FIRST       ATTACHED     attached    report sync
            FIRST       CLOSED       stopped     teardown report
            FIRST       RESET        stopped     teardown report
            FIRST       DENIED       stopped     teardown report
            FIRST       FORBIDDEN    stopped     teardown report
            FIRST       RETRY        connecting
            FIRST       NETWORK      connecting
            FIRST       RECONNECT    connecting  teardown report connect
            FIRST       CREDENTIALS  connecting  teardown report connect
            FIRST       QUIT         stopped     goodbye report
            CONNECTING  START        connecting
            CONNECTING  ATTACHED     attached    report sync
            CONNECTING  CLOSED       suspended   teardown report arm
            CONNECTING  RESET        suspended   teardown report arm
            CONNECTING  DENIED       suspended   teardown report arm
            CONNECTING  FORBIDDEN    stopped     teardown report
            CONNECTING  RETRY        connecting
            CONNECTING  NETWORK      connecting
            CONNECTING  RECONNECT    connecting  teardown report connect
            CONNECTING  CREDENTIALS  connecting  teardown report connect
            CONNECTING  QUIT         stopped     goodbye report
            REFRESHED   START        connecting
            REFRESHED   ATTACHED     attached    report sync
            REFRESHED   CLOSED       suspended   teardown report arm
            REFRESHED   RESET        suspended   teardown report arm
            REFRESHED   DENIED       stopped     teardown report
            REFRESHED   FORBIDDEN    stopped     teardown report
            REFRESHED   RETRY        connecting
            REFRESHED   NETWORK      connecting
            REFRESHED   RECONNECT    connecting  teardown report connect
            REFRESHED   CREDENTIALS  connecting  teardown report connect
            REFRESHED   QUIT         stopped     goodbye report
            ATTACHED    START        attached
            ATTACHED    ATTACHED     attached
            ATTACHED    CLOSED       suspended   teardown report arm
            ATTACHED    RESET        suspended   teardown report arm
            ATTACHED    DENIED       suspended   teardown report arm
            ATTACHED    FORBIDDEN    stopped     teardown report
            ATTACHED    RETRY        attached
            ATTACHED    NETWORK      attached
            ATTACHED    RECONNECT    connecting  teardown report connect
            ATTACHED    CREDENTIALS  attached
            ATTACHED    QUIT         stopped     goodbye report
            STABLE      START        attached
            STABLE      ATTACHED     attached
            STABLE      CLOSED       connecting  teardown report connect
            STABLE      RESET        suspended   teardown report arm
            STABLE      DENIED       connecting  teardown report connect
            STABLE      FORBIDDEN    stopped     teardown report
            STABLE      RETRY        attached
            STABLE      NETWORK      attached
            STABLE      RECONNECT    connecting  teardown report connect
            STABLE      CREDENTIALS  attached
            STABLE      QUIT         stopped     goodbye report
            SUSPENDED   START        suspended
            SUSPENDED   ATTACHED     suspended
            SUSPENDED   CLOSED       suspended
            SUSPENDED   RESET        suspended
            SUSPENDED   DENIED       suspended
            SUSPENDED   FORBIDDEN    suspended
            SUSPENDED   RETRY        connecting  report connect
            SUSPENDED   NETWORK      connecting  cancel report connect
            SUSPENDED   RECONNECT    connecting  cancel report connect
            SUSPENDED   CREDENTIALS  connecting  cancel report connect
            SUSPENDED   QUIT         stopped     cancel report
            WAITING     START        suspended
            WAITING     ATTACHED     suspended
            WAITING     CLOSED       suspended
            WAITING     RESET        suspended
            WAITING     DENIED       suspended
            WAITING     FORBIDDEN    suspended
            WAITING     RETRY        connecting  report connect
            WAITING     NETWORK      suspended
            WAITING     RECONNECT    connecting  cancel report connect
            WAITING     CREDENTIALS  connecting  cancel report connect
            WAITING     QUIT         stopped     cancel report
            LOST        START        stopped
            LOST        ATTACHED     stopped
            LOST        CLOSED       stopped
            LOST        RESET        stopped
            LOST        DENIED       stopped
            LOST        FORBIDDEN    stopped
            LOST        RETRY        stopped
            LOST        NETWORK      stopped
            LOST        RECONNECT    connecting  report connect
            LOST        CREDENTIALS  connecting  report connect
            LOST        QUIT         stopped     report
            OVER        START        stopped
            OVER        ATTACHED     stopped
            OVER        CLOSED       stopped
            OVER        RESET        stopped
            OVER        DENIED       stopped
            OVER        FORBIDDEN    stopped
            OVER        RETRY        stopped
            OVER        NETWORK      stopped
            OVER        RECONNECT    stopped
            OVER        CREDENTIALS  stopped
            OVER        QUIT         stopped
            """;

    private enum From {
        IDLE(new State.Idle()),
        FIRST(new State.Connecting(Tries.NONE)),
        CONNECTING(new State.Connecting(tries(3, 0))),
        REFRESHED(new State.Connecting(tries(1, 1))),
        ATTACHED(new State.Attached(NOW.minusSeconds(2), tries(2, 0))),
        STABLE(new State.Attached(NOW.minusSeconds(10), tries(2, 1))),
        SUSPENDED(new State.Suspended(loss(Cause.RESET), tries(2, 0), NOW.plusSeconds(1))),
        WAITING(new State.Suspended(loss(Cause.NOT_ALLOWED), tries(2, 0), NOW.plusSeconds(60))),
        LOST(new State.Stopped(new State.Reason.Lost(loss(Cause.CREDENTIALS), tries(2, 2)))),
        OVER(new State.Stopped(new State.Reason.Quit()));

        private final State state;

        From(State state) {
            this.state = state;
        }
    }

    private enum What {
        START(new Event.Start()),
        ATTACHED(new Event.Attached()),
        CLOSED(new Event.Lost(loss(Cause.PEER_CLOSED))),
        RESET(new Event.Lost(loss(Cause.RESET))),
        DENIED(new Event.Lost(loss(Cause.CREDENTIALS))),
        FORBIDDEN(new Event.Lost(loss(Cause.NOT_ALLOWED))),
        RETRY(new Event.RetryDue()),
        NETWORK(new Event.NetworkChanged()),
        RECONNECT(new Event.ReconnectAsked()),
        CREDENTIALS(new Event.CredentialsRefreshed()),
        QUIT(new Event.Quit());

        private final Event event;

        What(Event event) {
            this.event = event;
        }
    }

    private static Tries tries(int attempt, int denied) {
        return new Tries(attempt, denied, true, Optional.of(NOW.minusSeconds(5)));
    }

    private static Loss loss(Cause cause) {
        return new Loss(cause, "test");
    }

    private static Supervisor.Decision next(State state, Event event, ReconnectPolicy policy) {
        return Supervisor.next(state, event, policy, NOW, new Random(1));
    }

    private static String words(List<Action> actions) {
        return String.join(
                " ",
                actions.stream()
                        .map(action -> switch (action) {
                            case Action.Connect connect -> "connect";
                            case Action.TearDown(boolean goodbye) -> goodbye ? "goodbye" : "teardown";
                            case Action.ArmTimer arm -> "arm";
                            case Action.CancelTimer cancel -> "cancel";
                            case Action.Sync sync -> "sync";
                            case Action.Report report -> "report";
                        })
                        .toList());
    }

    @Test
    void everyStateTakesEveryEvent() {
        Set<String> seen = new HashSet<>();
        for (String line : TABLE.lines().toList()) {
            String[] cells = line.strip().split(" +", 4);
            var decision = next(From.valueOf(cells[0]).state, What.valueOf(cells[1]).event, CLIENT);
            assertThat(decision.state().getClass().getSimpleName()).as(line).isEqualToIgnoringCase(cells[2]);
            assertThat(words(decision.actions())).as(line).isEqualTo(cells.length > 3 ? cells[3] : "");
            seen.add(cells[0] + cells[1]);
        }
        assertThat(seen).hasSize(From.values().length * What.values().length);
    }

    @ParameterizedTest
    @CsvSource({
        "PEER_CLOSED, Connecting, Connecting",
        "SESSION_UNKNOWN, Connecting, Connecting",
        "RESET, Suspended, Suspended",
        "REFUSED, Suspended, Suspended",
        "UNREACHABLE, Suspended, Suspended",
        "SILENCE, Suspended, Suspended",
        "WRONG_SERVER, Suspended, Suspended",
        "CREDENTIALS, Connecting, Connecting",
        "UNTRUSTED, Connecting, Connecting",
        "NOT_ALLOWED, Stopped, Suspended",
        "INCOMPATIBLE, Stopped, Suspended",
        "SETUP, Suspended, Suspended",
        "DEFECT, Suspended, Suspended",
        "ASKED, Connecting, Connecting"
    })
    void eachCauseLeadsWhereItsRemedyIs(Cause cause, String client, String agent) {
        var lost = new Event.Lost(loss(cause));
        assertThat(next(From.STABLE.state, lost, CLIENT).state().getClass().getSimpleName())
                .isEqualTo(client);
        assertThat(next(From.STABLE.state, lost, AGENT).state().getClass().getSimpleName())
                .isEqualTo(agent);
    }

    @Test
    void credentialsAreReadAgainOnceAndThenOnlySlowlyByOneThatNeverGivesUp() {
        var denied = new Event.Lost(loss(Cause.CREDENTIALS));
        State once = next(From.STABLE.state, denied, AGENT).state();
        assertThat(once).isInstanceOf(State.Connecting.class);
        assertThat(next(once, denied, AGENT).actions()).contains(new Action.ArmTimer(SLOWLY));
    }

    @Test
    void oneThatNeverGivesUpIsNotStoppedByItsFirstAttempt() {
        assertThat(next(From.FIRST.state, new Event.Lost(loss(Cause.REFUSED)), AGENT)
                        .state())
                .isInstanceOf(State.Suspended.class);
    }

    @Test
    void theTimeWithoutSessionIsReported() {
        var decision = next(From.CONNECTING.state, new Event.Attached(), CLIENT);
        assertThat(decision.actions())
                .contains(new Action.Report(
                        From.CONNECTING.state, decision.state(), Optional.empty(), Optional.of(Duration.ofSeconds(5))));
    }

    @Test
    void waitsGrowUntilASessionHolds() {
        var lost = new Event.Lost(loss(Cause.PEER_CLOSED));
        State state = From.STABLE.state;
        for (int tried = 1; tried <= 12; tried++) {
            state = next(state, lost, CLIENT).state();
            if (state instanceof State.Suspended suspended) {
                assertThat(suspended.tries().attempt()).isEqualTo(tried);
                state = next(state, new Event.RetryDue(), CLIENT).state();
            }
            state = next(state, new Event.Attached(), CLIENT).state();
        }
        assertThat(((State.Attached) state).tries().attempt()).isEqualTo(12);
        var held = Supervisor.next(state, lost, CLIENT, NOW.plusSeconds(10), new Random(1));
        assertThat(((State.Connecting) held.state()).tries().attempt()).isEqualTo(1);
    }

    @Property
    void neverTwoConnectionsNorAHotLoopAndQuitEnds(
            @ForAll("schedules") List<Step> schedule, @ForAll boolean givesUp, @ForAll long seed) {
        ReconnectPolicy policy = givesUp ? CLIENT : AGENT;
        var random = new Random(seed);
        Instant now = NOW;
        State state = new State.Idle();
        int open = 0;
        boolean armed = false;
        boolean waited = true;
        int atOnce = 0;
        for (Step step : schedule) {
            now = now.plus(step.pause());
            var decision = Supervisor.next(state, step.event(), policy, now, random);
            if (step.event() instanceof Event.Attached && state instanceof State.Connecting) {
                boolean holds = step.pause().compareTo(policy.stable()) >= 0;
                atOnce = holds ? 0 : atOnce;
            }
            if (state instanceof State.Attached attached
                    && Duration.between(attached.since(), now).compareTo(policy.stable()) >= 0) {
                atOnce = 0;
            }
            boolean outside = !(step.event() instanceof Event.Lost);
            for (Action action : decision.actions()) {
                switch (action) {
                    case Action.Connect connect -> {
                        assertThat(++open).isEqualTo(1);
                        atOnce = waited || outside ? atOnce : atOnce + 1;
                        assertThat(atOnce).as("connects without a wait").isLessThanOrEqualTo(1);
                        waited = false;
                    }
                    case Action.TearDown down -> open--;
                    case Action.ArmTimer arm -> {
                        assertThat(armed).isFalse();
                        assertThat(arm.after()).isPositive();
                        armed = true;
                    }
                    case Action.CancelTimer cancel -> {
                        assertThat(armed).isTrue();
                        armed = false;
                    }
                    case Action.Sync sync -> assertThat(decision.state()).isInstanceOf(State.Attached.class);
                    case Action.Report report -> {
                        assertThat(report.from()).isEqualTo(state);
                        assertThat(report.to()).isEqualTo(decision.state());
                    }
                }
            }
            if (state instanceof State.Suspended && step.event() instanceof Event.RetryDue) {
                armed = false;
                waited = true;
            }
            state = decision.state();
            assertThat(open).isEqualTo(state instanceof State.Connecting || state instanceof State.Attached ? 1 : 0);
            assertThat(armed).isEqualTo(state instanceof State.Suspended);
        }
        var end = Supervisor.next(state, new Event.Quit(), policy, now, random);
        assertThat(end.state()).isEqualTo(new State.Stopped(new State.Reason.Quit()));
        for (What later : What.values()) {
            assertThat(next(end.state(), later.event, policy))
                    .isEqualTo(new Supervisor.Decision(end.state(), List.of()));
        }
    }

    record Step(Event event, Duration pause) {}

    @Provide
    Arbitrary<List<Step>> schedules() {
        Arbitrary<Event> losses = Arbitraries.of(Cause.values()).map(cause -> new Event.Lost(new Loss(cause, "drawn")));
        Arbitrary<Event> others = Arbitraries.of(
                new Event.Attached(),
                new Event.Attached(),
                new Event.RetryDue(),
                new Event.RetryDue(),
                new Event.NetworkChanged(),
                new Event.ReconnectAsked(),
                new Event.CredentialsRefreshed());
        Arbitrary<Duration> pauses = Arbitraries.of(0, 1, 200, 5_000, 10_000).map(Duration::ofMillis);
        Arbitrary<Event> events = Arbitraries.oneOf(losses, others);
        return net.jqwik.api.Combinators.combine(events, pauses)
                .as(Step::new)
                .list()
                .ofMinSize(5)
                .ofMaxSize(80)
                .map(steps -> {
                    var all = new ArrayList<Step>();
                    all.add(new Step(new Event.Start(), Duration.ZERO));
                    all.addAll(steps);
                    return all;
                });
    }
}
