package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.reconnect.Action;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.ConnectionMetrics;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.State;
import dev.telepath.tunnel.reconnect.SupervisedConnection;
import dev.telepath.tunnel.reconnect.Surroundings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a session with one manager until it is told to stop. What becomes of the connection is the supervisor's decision;
 * what the participants hold is theirs, and they bring it to each new attachment.
 *
 * <p>Thread-safe; {@link #awaitAttached} and {@link #stop} block.
 */
public final class SessionKeeper {
    private static final Logger LOG = Logger.getLogger(SessionKeeper.class);
    private static final int HISTORY = 50;
    private static final Duration STOP = Duration.ofSeconds(10);

    private final Target target;
    private final Policy policy;
    private final Attacher attacher;
    private final Bypass bypass;
    private final List<Participant> participants;
    private final MeterRegistry registry;
    private final ConnectionMetrics metrics;
    private final Gauge roundTrip;
    private final Loop loop;
    private final SupervisedConnection supervised;
    private final Surroundings surroundings;
    private final CompletableFuture<Attachment> first = new CompletableFuture<>();
    private final List<Consumer<SessionState>> listeners = new CopyOnWriteArrayList<>();
    private final Deque<SessionState> history = new ArrayDeque<>();

    private SessionState state = new SessionState.Connecting(Instant.now(), 0, Optional.empty());
    private @Nullable Cause told;
    private @Nullable Transport transportBefore;
    private volatile @Nullable SessionInfo session;
    private volatile @Nullable Attachment current;
    private volatile @Nullable Lost lost;
    private volatile boolean departs = true;

    /**
     * @param kept the session of an earlier daemon, to be taken over if the manager still has it or takes it back
     * @param bypass of what this program leads to itself
     */
    public SessionKeeper(
            Target target,
            Policy policy,
            EventLoopGroup loops,
            MeterRegistry metrics,
            Journal journal,
            String version,
            Optional<SessionInfo> kept,
            List<Participant> participants,
            Bypass bypass) {
        this.target = target;
        this.policy = policy;
        this.bypass = bypass;
        this.attacher = new Attacher(target, policy, loops, metrics, journal, version, bypass);
        this.participants = List.copyOf(participants);
        this.registry = metrics;
        this.metrics = new ConnectionMetrics(metrics);
        this.roundTrip = Gauge.builder("telepath.connection.roundtrip", this::roundTripSeconds)
                .baseUnit("seconds")
                .register(metrics);
        this.session = kept.orElse(null);
        this.loop = Loop.of(loops.next());
        this.supervised = new SupervisedConnection(
                this::open,
                this::changed,
                policy.reconnect(),
                loop,
                InstantSource.system(),
                RandomGenerator.getDefault());
        this.surroundings = new Surroundings(
                policy.look(), target.way().tokenFile(), this::networkChanged, supervised::credentialsRefreshed);
    }

    /** A connection may hang on an address that this machine no longer has, and would be silent for long. */
    private void networkChanged() {
        target.way().reconsider();
        supervised.networkChanged();
        participants.forEach(Participant::networkChanged);
        attachment().ifPresent(live -> {
            live.check(policy.heartbeat().interval());
            Thread.ofVirtual().name("transport").start(() -> improve(live));
        });
    }

    /** A network that has come may lead straight to where the connection goes round about now. */
    private void improve(Attachment live) {
        try {
            if (target.way().isBetterThan(live.transport(), bypass) && live.live()) {
                LOG.infof(
                        "attaches anew, there is a better transport manager=%s than=%s",
                        target.address(), live.transport().word());
                supervised.reconnect();
            }
        } catch (Failure e) {
            LOG.debugf("transport stays as it is cause=\"%s\"", e.message());
        }
    }

    public void start() {
        surroundings.start();
        supervised.start();
    }

    /** Cuts the wait for the next try, or makes a live connection anew; brings a stopped session back. */
    public void reconnect() {
        target.way().reconsider();
        supervised.reconnect();
    }

    /**
     * Tells every change of state, on an event loop: must not block.
     *
     * @return ends it
     */
    public Runnable onChange(Consumer<SessionState> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    public Target target() {
        return target;
    }

    public synchronized SessionState state() {
        return state;
    }

    /** The latest states, oldest first, at most 50. */
    public synchronized List<SessionState> history() {
        return List.copyOf(history);
    }

    /** The attachment, if there is one now. */
    public Optional<Attachment> attachment() {
        return Optional.ofNullable(current).filter(Attachment::live);
    }

    /**
     * The attachment, as soon as there is one.
     *
     * @param most how long it is waited for while the manager is away; zero: not at all
     * @return completes on any thread; fails with what {@link #required} would throw, at once where only a person helps
     */
    public CompletionStage<Attachment> attachmentWithin(Duration most) {
        Optional<Attachment> now = attachment();
        if (now.isPresent()) {
            return CompletableFuture.completedFuture(now.get());
        }
        // One that comes and is lost before this looks is none: the next is waited for.
        var waiting = new CompletableFuture<Optional<Attachment>>();
        Runnable look = () -> {
            Optional<Attachment> found = attachment();
            if (found.isPresent() || state() instanceof SessionState.Stopped) {
                waiting.complete(found);
            }
        };
        Runnable end = onChange(next -> look.run());
        // It may have come, or be lost for good, between the look and the listener.
        look.run();
        return waiting.completeOnTimeout(Optional.empty(), most.toMillis(), TimeUnit.MILLISECONDS)
                .thenApply(found -> {
                    end.run();
                    return found.orElseGet(this::required);
                });
    }

    /**
     * The attachment.
     *
     * @throws Failure of kind UNREACHABLE or DENIED when there is none now, with the cause
     */
    public Attachment required() {
        return attachment().orElseThrow(() -> switch (state()) {
            case SessionState.Suspended s ->
                new Failure(
                        s.lost().failure().kind(),
                        "the manager is away: " + s.lost().failure().message(),
                        "tp attaches again by itself; tp reconnect tries at once");
            case SessionState.Stopped s -> s.failure();
            default -> new Failure(Kind.UNREACHABLE, "the manager is away, tp is attaching", "see tp status");
        });
    }

    /**
     * Waits for the first attachment.
     *
     * @throws Failure why it did not come about
     */
    public Attachment awaitAttached(Duration most) {
        try {
            return first.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new Failure(
                    Kind.UNREACHABLE,
                    "no answer from " + target.address() + " within " + most.toMillis() + " ms",
                    "check that the manager runs and is reachable",
                    e);
        } catch (ExecutionException e) {
            throw ManagerFailures.of(e, "attach to " + target.address());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }

    /** Ends the session, at the manager too if it can be reached. */
    public void stop() {
        end();
    }

    /** Ends the connection only: the session is left, at the manager and in the journal, to a later daemon. */
    public void release() {
        departs = false;
        end();
    }

    private void end() {
        surroundings.close();
        try {
            supervised.quit().toCompletableFuture().get(STOP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            LOG.warnf("session not ended in time manager=%s seconds=%d", target.address(), STOP.toSeconds());
        } catch (ExecutionException e) {
            LOG.errorf(e, "session not ended");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        metrics.close();
        registry.remove(roundTrip);
    }

    /** Not a number while there is none. */
    private double roundTripSeconds() {
        return attachment()
                .flatMap(Attachment::roundTrip)
                .map(took -> took.toNanos() / 1e9)
                .orElse(Double.NaN);
    }

    private SupervisedConnection.Connection open(SupervisedConnection.Listener listener) {
        var connection = new SessionConnection(
                attacher, policy, participants, Optional.ofNullable(session), new Held(), listener, loop);
        connection.begin();
        return connection;
    }

    /** Takes what the one connection of now has to say, on its thread. */
    private final class Held implements SessionConnection.Owner {
        @Override
        public void attached(Attachment attachment) {
            session = attachment.session();
            current = attachment;
            connected(attachment.transport());
        }

        @Override
        public void ready(Attachment attachment) {
            first.complete(attachment);
        }

        @Override
        public void lost(Lost why) {
            lost = why;
        }

        @Override
        public void detached() {
            current = null;
        }

        @Override
        public boolean departs() {
            return departs;
        }
    }

    /** A line for each transport that is another than before. */
    private void connected(Transport transport) {
        registry.counter("telepath.attachments", "transport", transport.word()).increment();
        if (!transport.equals(transportBefore)) {
            transportBefore = transport;
            LOG.infof("connected manager=%s transport=%s to=%s", target.address(), transport.word(), transport.to());
        }
    }

    private void changed(Action.Report report) {
        metrics.count(report);
        Instant now = Instant.now();
        Optional<Lost> why = report.loss().map(loss -> {
            Lost last = lost;
            return last != null && last.cause() == loss.cause()
                    ? last
                    : new Lost(loss.cause(), new Failure(Kind.UNREACHABLE, loss.detail(), ""));
        });
        switch (report.to()) {
            case State.Idle idle -> {}
            case State.Connecting connecting ->
                become(new SessionState.Connecting(now, connecting.tries().attempt(), why));
            case State.Attached attached -> {
                SessionInfo info = session;
                become(new SessionState.Attached(now, info == null ? "" : info.getSessionId()));
            }
            case State.Suspended suspended ->
                become(new SessionState.Suspended(
                        now, why.orElseThrow(), suspended.tries().attempt(), suspended.nextTry()));
            case State.Stopped(State.Reason reason) -> {
                Failure failure = why.map(Lost::failure)
                        .orElseGet(() -> new Failure(Kind.NOT_CONNECTED, "disconnected by tp quit", "tp connect"));
                become(new SessionState.Stopped(now, failure, why));
                first.completeExceptionally(failure);
            }
        }
    }

    private void become(SessionState next) {
        synchronized (this) {
            state = next;
            remember(next);
        }
        log(next);
        listeners.forEach(each -> each.accept(next));
    }

    /** An outage is one row, however often it is tried to end it. */
    private void remember(SessionState next) {
        SessionState last = history.peekLast();
        if (last instanceof SessionState.Suspended before
                && (next instanceof SessionState.Connecting
                        || next instanceof SessionState.Suspended again
                                && again.lost().cause() == before.lost().cause())) {
            return;
        }
        history.addLast(next);
        if (history.size() > HISTORY) {
            history.removeFirst();
        }
    }

    /** A line for each change of state or cause, not for each try. */
    private void log(SessionState next) {
        switch (next) {
            case SessionState.Attached a -> {
                told = null;
                LOG.infof(
                        "attached manager=%s namespace=%s sessionId=%s",
                        target.address(), target.namespace(), a.sessionId());
            }
            case SessionState.Connecting c
            when c.lost().isEmpty() -> LOG.debugf("connecting manager=%s attempt=%d", target.address(), c.attempt());
            default ->
                next.why().filter(why -> why.cause() != told).ifPresent(why -> {
                    told = why.cause();
                    LOG.infof(
                            "%s manager=%s cause=%s detail=\"%s\"",
                            next.word(),
                            target.address(),
                            why.cause().label(),
                            why.failure().message());
                });
        }
        if (next instanceof SessionState.Stopped stopped) {
            LOG.infof(
                    "stopped manager=%s cause=\"%s\"",
                    target.address(), stopped.failure().message());
        }
    }
}
