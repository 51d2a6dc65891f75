package dev.telepath.tunnel.reconnect;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Runs {@link Supervisor} and owns the connection that it decides on: at most one is open, and the next is opened only
 * when the last one has freed all it held.
 *
 * <p>Confined to one loop, on which opener, connections and observer are called too; none of them may block. The public
 * methods may be called on any thread.
 */
public final class SupervisedConnection {
    private static final Logger LOG = Logger.getLogger(SupervisedConnection.class);

    /** Opens connections. */
    public interface Opener {
        /**
         * Begins to open one, with credentials read again. What becomes of it is told to the listener, on any thread.
         */
        Connection open(Listener listener);
    }

    /** One connection, from the beginning of the attempt to its end. */
    public interface Connection {
        /** The session is there: tell the peer the whole desired state. */
        void sync();

        /**
         * Frees all it holds. Called once, whatever became of it before.
         *
         * @param goodbye tell the peer first, where there is a session; takes a bounded time
         * @return completes when nothing is left, never exceptionally
         */
        CompletionStage<Void> close(boolean goodbye);
    }

    /** Takes what one connection tells. What comes from one that is closed is ignored. Any thread. */
    public interface Listener {
        void attached();

        void lost(Loss loss);
    }

    private final Opener opener;
    private final Consumer<Action.Report> observer;
    private final ReconnectPolicy policy;
    private final Loop loop;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private volatile State state = new State.Idle();
    private @Nullable Held held;
    private CompletionStage<Void> freed = CompletableFuture.completedStage(null);
    private Runnable cancelTimer = () -> {};
    private int opening;

    /**
     * @param observer sees every change of state, after {@link #state} shows it
     */
    public SupervisedConnection(
            Opener opener,
            Consumer<Action.Report> observer,
            ReconnectPolicy policy,
            Loop loop,
            InstantSource clock,
            RandomGenerator random) {
        this.opener = opener;
        this.observer = observer;
        this.policy = policy;
        this.loop = loop;
        this.clock = clock;
        this.random = random;
    }

    /** Where it stands now. */
    public State state() {
        return state;
    }

    /** Begins. Never fails: the peer may come later. */
    public void start() {
        tell(new Event.Start());
    }

    /** Addresses or routes of this machine changed: a wait is cut short. */
    public void networkChanged() {
        tell(new Event.NetworkChanged());
    }

    /** Cuts the wait, or makes a live connection anew. */
    public void reconnect() {
        tell(new Event.ReconnectAsked());
    }

    /** There are new credentials: a wait or stop for want of them ends. */
    public void credentialsRefreshed() {
        tell(new Event.CredentialsRefreshed());
    }

    /**
     * Ends it for good, with a goodbye where there is a session.
     *
     * @return completes when nothing is left, never exceptionally
     */
    public CompletionStage<Void> quit() {
        loop.execute(() -> {
            handle(new Event.Quit());
            freed.thenRun(() -> ended.complete(null));
        });
        return ended;
    }

    private void tell(Event event) {
        loop.execute(() -> handle(event));
    }

    private void handle(Event event) {
        State before = state;
        Supervisor.Decision decision = Supervisor.next(before, event, policy, clock.instant(), random);
        state = decision.state();
        decision.actions().forEach(this::act);
    }

    private void act(Action action) {
        switch (action) {
            case Action.Connect connect -> {
                int number = ++opening;
                freed.thenRun(() -> loop.execute(() -> open(number)));
            }
            case Action.TearDown(boolean goodbye) -> tearDown(goodbye);
            case Action.ArmTimer(Duration after) -> {
                cancelTimer.run();
                cancelTimer = loop.after(after, () -> handle(new Event.RetryDue()));
            }
            case Action.CancelTimer cancel -> cancelTimer.run();
            case Action.Sync sync -> {
                if (held != null) {
                    held.connection.sync();
                }
            }
            case Action.Report report -> observer.accept(report);
        }
    }

    private void open(int number) {
        if (number != opening || !(state instanceof State.Connecting)) {
            return;
        }
        var fresh = new Held();
        held = fresh;
        try {
            fresh.connection = opener.open(fresh);
        } catch (RuntimeException e) {
            LOG.debugf(e, "connection not opened");
            fresh.lost(Loss.of(e));
        }
    }

    private void tearDown(boolean goodbye) {
        opening++;
        Held old = held;
        held = null;
        if (old != null) {
            freed = old.connection.close(goodbye);
        }
    }

    /** The connection of now, until it is torn down; listens to no other. */
    private final class Held implements Listener {
        private Connection connection = new Connection() {
            @Override
            public void sync() {}

            @Override
            public CompletionStage<Void> close(boolean goodbye) {
                return CompletableFuture.completedStage(null);
            }
        };

        @Override
        public void attached() {
            loop.execute(() -> pass(new Event.Attached()));
        }

        @Override
        public void lost(Loss loss) {
            loop.execute(() -> pass(new Event.Lost(loss)));
        }

        private void pass(Event event) {
            if (held == this) {
                handle(event);
            }
        }
    }
}
