package dev.telepath.agent.attach;

import dev.telepath.agent.attach.Loss.Cause;
import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the agent attached to its manager.
 *
 * <pre>
 *              attempt                       arrived
 *   suspended ─────────► connecting ─────────────────► attached
 *       ▲                    │ failed                     │ lost
 *       └── back-off ────────┴────────────────────────────┘
 * </pre>
 *
 * Engagements stay as they are for a grace while the manager is away, then the ports are nobody's. One log line per
 * change of state or cause. Confined to one event loop, on which the connection's bytes run too; {@link #open} and
 * {@link #state} may be called on any thread.
 */
public final class Attachment implements ClientPath {
    private static final Logger LOG = Logger.getLogger(Attachment.class);

    /** What is going on. The number is the metric's value. */
    public enum State {
        SUSPENDED(0),
        CONNECTING(1),
        ATTACHED(2);

        private final int number;

        State(int number) {
            this.number = number;
        }
    }

    private final ManagerAddress manager;
    private final Optional<Path> tokenFile;
    private final Optional<String> ownAddress;
    private final Interests interests;
    private final Rhythm rhythm;
    private final EventLoop loop;
    private final Executor blocking;
    private final LogLevel logLevel;

    private volatile State state = State.SUSPENDED;
    private volatile @Nullable ManagerSession attached;
    private @Nullable ManagerSession current;
    private @Nullable Watches watches;
    private Optional<SessionInfo> before = Optional.empty();
    private @Nullable ScheduledFuture<?> graceEnd;
    private @Nullable Cause told;
    private long attachedAt;
    private int attempt;
    private boolean stopped;

    /**
     * @param ownAddress told to the manager; found by the route when empty
     * @param blocking for files and name resolution
     */
    public Attachment(
            ManagerAddress manager,
            Optional<Path> tokenFile,
            Optional<String> ownAddress,
            Interests interests,
            Rhythm rhythm,
            EventLoop loop,
            Executor blocking) {
        this.manager = manager;
        this.tokenFile = tokenFile;
        this.ownAddress = ownAddress;
        this.interests = interests;
        this.rhythm = rhythm;
        this.loop = loop;
        this.blocking = blocking;
        this.logLevel = new LogLevel(loop);
    }

    /** Begins to attach. Never fails: the manager may come later. */
    public void start() {
        loop.execute(this::attempt);
    }

    /** What is going on now. */
    public State state() {
        return state;
    }

    @Override
    public Optional<CompletableFuture<RemoteEnd>> open(Engagement engagement, ConnectionId id) {
        ManagerSession session = attached;
        // A manager that relays no dials would dial the client's target itself, and reach the wrong process.
        return session == null || session.capabilities().of(Capability.WATCH_DIAL) == Support.UNSUPPORTED
                ? Optional.empty()
                : Optional.of(CompletableFuture.completedFuture(session.toClient(engagement, id)));
    }

    private void attempt() {
        if (stopped) {
            return;
        }
        enter(State.CONNECTING);
        var approach = new CompletableFuture<Approach>();
        blocking.execute(() -> {
            try {
                approach.complete(Approach.find(manager, tokenFile, ownAddress));
            } catch (IOException | RuntimeException e) {
                approach.completeExceptionally(e);
            }
        });
        approach.whenComplete((found, failure) -> loop.execute(() -> {
            if (failure != null) {
                lost(
                        failure instanceof UnknownHostException
                                ? new Loss(Cause.UNREACHABLE, "unknown host " + manager.host())
                                : Loss.of(failure));
            } else {
                connect(found);
            }
        }));
    }

    private void connect(Approach approach) {
        if (stopped) {
            return;
        }
        var channel = ManagerChannel.open(manager, approach.token(), loop, ManagerChannel.Limits.STANDARD);
        var session = new ManagerSession(channel, approach.ownAddress(), interests, rhythm.call());
        current = session;
        interests.self().share().ifPresent(share -> interests.dials().shareAt(approach.ownAddress(), share.port()));
        session.attach(before).emitOn(loop).subscribe().with(peer -> arrived(session, approach, peer), failure -> {
            session.end(true);
            lost(Loss.of(failure));
        });
    }

    private void arrived(ManagerSession session, Approach approach, String peer) {
        if (stopped) {
            session.end(true);
            return;
        }
        if (graceEnd != null) {
            graceEnd.cancel(false);
            graceEnd = null;
        }
        before = Optional.of(session.info());
        attachedAt = System.nanoTime();
        told = null;
        var running = new Watches(
                session, interests, approach.ownAddress(), rhythm, loop, logLevel, loss -> ended(session, loss));
        watches = running;
        attached = session;
        enter(State.ATTACHED);
        LOG.infof(
                "attached manager=%s peer=\"%s\" session=%s",
                manager, peer, session.info().getSessionId());
        running.start();
    }

    private void ended(ManagerSession session, Loss loss) {
        // Streams of a connection that only lost its session may still work.
        session.end(loss.cause() == Cause.SILENCE);
        lost(loss);
    }

    private void lost(Loss loss) {
        if (stopped) {
            return;
        }
        boolean wasAttached = attached != null;
        attached = null;
        watches = null;
        current = null;
        if (wasAttached && System.nanoTime() - attachedAt >= rhythm.stable().toNanos()) {
            attempt = 0;
        }
        if (wasAttached && graceEnd == null) {
            graceEnd = loop.schedule(this::graceOver, rhythm.grace().toMillis(), TimeUnit.MILLISECONDS);
        }
        Duration wait = loss.cause().denied()
                ? rhythm.denied()
                : rhythm.backoff().wait(attempt++, RandomGenerator.getDefault());
        interests.metrics().reconnect(loss.cause().label());
        if (told != loss.cause()) {
            told = loss.cause();
            LOG.warnf(
                    "manager away manager=%s cause=%s detail=\"%s\" advice=\"%s\"",
                    manager, loss.cause().label(), loss.detail(), loss.cause().advice());
        }
        enter(State.SUSPENDED);
        loop.schedule(this::attempt, wait.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void graceOver() {
        graceEnd = null;
        if (attached == null && !stopped) {
            interests.engagements().clear();
        }
    }

    private void enter(State next) {
        state = next;
        interests.metrics().connectionState(next.number);
    }

    /** Departs and ends the connection. Never fails; takes at most a control call's deadline. */
    public CompletionStage<Void> stop() {
        var done = new CompletableFuture<Void>();
        loop.execute(() -> {
            stopped = true;
            ManagerSession session = attached;
            attached = null;
            if (watches != null) {
                watches.end();
            }
            enter(State.SUSPENDED);
            if (session != null) {
                session.depart().emitOn(loop).subscribe().with(gone -> {
                    session.end(true);
                    done.complete(null);
                });
            } else {
                if (current != null) {
                    current.end(true);
                }
                done.complete(null);
            }
        });
        return done;
    }
}
