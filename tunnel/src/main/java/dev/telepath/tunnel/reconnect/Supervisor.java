package dev.telepath.tunnel.reconnect;

import dev.telepath.tunnel.reconnect.State.Attached;
import dev.telepath.tunnel.reconnect.State.Connecting;
import dev.telepath.tunnel.reconnect.State.Idle;
import dev.telepath.tunnel.reconnect.State.Reason;
import dev.telepath.tunnel.reconnect.State.Stopped;
import dev.telepath.tunnel.reconnect.State.Suspended;
import dev.telepath.tunnel.reconnect.State.Tries;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Decides what becomes of a connection: pure, so that every path is tried without a network. An event that means nothing
 * in a state leaves it as it is.
 */
public final class Supervisor {
    private static final Duration LEAST_WAIT = Duration.ofMillis(1);

    /** What follows from an event. */
    public record Decision(State state, List<Action> actions) {}

    private Supervisor() {}

    /** The state and actions that follow. */
    public static Decision next(State state, Event event, ReconnectPolicy policy, Instant now, RandomGenerator random) {
        if (event instanceof Event.Quit) {
            return quit(state);
        }
        return switch (state) {
            case Idle idle -> event instanceof Event.Start ? connect(state, Tries.NONE) : stay(state);
            case Connecting connecting -> connecting(connecting, event, policy, now, random);
            case Attached attached -> attached(attached, event, policy, now, random);
            case Suspended suspended -> suspended(suspended, event);
            case Stopped stopped -> stopped(stopped, event);
        };
    }

    private static Decision connecting(
            Connecting state, Event event, ReconnectPolicy policy, Instant now, RandomGenerator random) {
        Tries tries = state.tries();
        return switch (event) {
            case Event.Attached got -> {
                var next = new Attached(now, tries.attached());
                Optional<Duration> away = tries.lostAt().map(lost -> Duration.between(lost, now));
                yield new Decision(
                        next, List.of(new Action.Report(state, next, Optional.empty(), away), new Action.Sync()));
            }
            case Event.Lost lost -> lost(state, tries, lost.loss(), policy, now, random);
            case Event.ReconnectAsked asked -> again(state, tries, "asked for a new connection");
            case Event.CredentialsRefreshed fresh -> again(state, tries.withNewCredentials(), "new credentials");
            default -> stay(state);
        };
    }

    private static Decision attached(
            Attached state, Event event, ReconnectPolicy policy, Instant now, RandomGenerator random) {
        boolean held = Duration.between(state.since(), now).compareTo(policy.stable()) >= 0;
        Tries tries = state.tries().lost(now, held);
        return switch (event) {
            case Event.Lost lost -> lost(state, tries, lost.loss(), policy, now, random);
            case Event.ReconnectAsked asked -> again(state, tries, "asked for a new connection");
            default -> stay(state);
        };
    }

    private static Decision suspended(Suspended state, Event event) {
        Tries tries = state.tries();
        return switch (event) {
            case Event.RetryDue due -> connect(state, tries);
            case Event.ReconnectAsked asked -> connectEarly(state, tries);
            case Event.CredentialsRefreshed fresh -> connectEarly(state, tries.withNewCredentials());
            case Event.NetworkChanged changed
            when state.loss().cause().remedy() != Cause.Remedy.PERSON -> connectEarly(state, tries);
            default -> stay(state);
        };
    }

    private static Decision stopped(Stopped state, Event event) {
        boolean wanted = event instanceof Event.CredentialsRefreshed || event instanceof Event.ReconnectAsked;
        return wanted && state.reason() instanceof Reason.Lost(Loss loss, Tries tries)
                ? connect(state, tries.withNewCredentials())
                : stay(state);
    }

    private static Decision lost(
            State from, Tries tries, Loss loss, ReconnectPolicy policy, Instant now, RandomGenerator random) {
        if (policy.firstMustSucceed() && !tries.everAttached()) {
            return end(from, tries, loss);
        }
        boolean first = tries.attempt() == 0;
        boolean person = switch (loss.cause().remedy()) {
            case AT_ONCE, BACK_OFF -> false;
            case REFRESH -> tries.denied() > 0;
            case PERSON -> true;
        };
        if (person) {
            return policy.whenDenied()
                    .map(wait -> suspend(from, tries, loss, wait, now))
                    .orElseGet(() -> end(from, tries, loss));
        }
        return first && loss.cause().remedy() != Cause.Remedy.BACK_OFF
                ? again(from, tries.next(loss.cause()), loss)
                : suspend(from, tries, loss, policy.backoff().wait(tries.attempt(), random), now);
    }

    private static Decision suspend(State from, Tries tries, Loss loss, Duration jittered, Instant now) {
        // Full jitter may draw nothing at all, and a wait of nothing is a hot loop.
        Duration wait = jittered.compareTo(LEAST_WAIT) < 0 ? LEAST_WAIT : jittered;
        var next = new Suspended(loss, tries.next(loss.cause()), now.plus(wait));
        return new Decision(
                next, List.of(new Action.TearDown(false), report(from, next, loss), new Action.ArmTimer(wait)));
    }

    private static Decision end(State from, Tries tries, Loss loss) {
        var next = new Stopped(new Reason.Lost(loss, tries));
        return new Decision(next, List.of(new Action.TearDown(false), report(from, next, loss)));
    }

    private static Decision again(State from, Tries tries, String wish) {
        return again(from, tries, new Loss(Cause.ASKED, wish));
    }

    private static Decision again(State from, Tries tries, Loss loss) {
        var next = new Connecting(tries);
        return new Decision(next, List.of(new Action.TearDown(false), report(from, next, loss), new Action.Connect()));
    }

    private static Decision connect(State from, Tries tries) {
        var next = new Connecting(tries);
        return new Decision(next, List.of(report(from, next), new Action.Connect()));
    }

    private static Decision connectEarly(State from, Tries tries) {
        var next = new Connecting(tries);
        return new Decision(next, List.of(new Action.CancelTimer(), report(from, next), new Action.Connect()));
    }

    private static Decision quit(State state) {
        if (state instanceof Stopped(Reason.Quit already)) {
            return stay(state);
        }
        var next = new Stopped(new Reason.Quit());
        var report = report(state, next);
        return new Decision(
                next,
                switch (state) {
                    case Connecting connecting -> List.of(new Action.TearDown(true), report);
                    case Attached attached -> List.of(new Action.TearDown(true), report);
                    case Suspended suspended -> List.of(new Action.CancelTimer(), report);
                    case Idle idle -> List.of(report);
                    case Stopped stopped -> List.of(report);
                });
    }

    private static Action.Report report(State from, State to, Loss loss) {
        return new Action.Report(from, to, Optional.of(loss), Optional.empty());
    }

    private static Action.Report report(State from, State to) {
        return new Action.Report(from, to, Optional.empty(), Optional.empty());
    }

    private static Decision stay(State state) {
        return new Decision(state, List.of());
    }
}
