package dev.telepath.agent.attach;

import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.liveness.Heartbeat;
import dev.telepath.tunnel.reconnect.Action;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.ConnectionMetrics;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import dev.telepath.tunnel.reconnect.SupervisedConnection;
import dev.telepath.tunnel.reconnect.Surroundings;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.transport.ManagerAddress;
import dev.telepath.tunnel.transport.ManagerChannel;
import io.grpc.ManagedChannel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the agent attached to its manager. What becomes of the connection is the supervisor's decision; it never gives
 * up. Engagements stay as they are for a grace while the manager is away, then the ports are nobody's, but for those of
 * clients that are connected to the agent itself. One log line per change of state or cause.
 *
 * <p>Confined to one event loop, on which the connection's bytes run too; {@link #open} and {@link #state} may be called
 * on any thread.
 */
public final class Attachment implements ClientPath {
    private static final Logger LOG = Logger.getLogger(Attachment.class);

    /** What is going on. */
    public enum State {
        SUSPENDED,
        CONNECTING,
        ATTACHED
    }

    /** How long a closed channel may take to be gone before the next is opened all the same. */
    private static final int CLOSE_SECONDS = 2;

    /** Between two looks at whose engagements outlast the grace, at least. */
    private static final long LOOK_MILLIS = 1_000;

    private final ManagerAddress manager;
    private final Optional<TokenFile> tokenFile;
    private final Optional<String> ownAddress;
    private final Interests interests;
    private final Rhythm rhythm;
    private final EventLoop loop;
    private final Executor blocking;
    private final LogLevel logLevel;
    private final ConnectionMetrics metrics;
    private final SupervisedConnection supervised;
    private final Surroundings surroundings;

    private volatile @Nullable Heartbeat beating;
    private volatile @Nullable ManagerSession attached;
    private Optional<SessionInfo> before = Optional.empty();
    private @Nullable ScheduledFuture<?> graceEnd;
    private @Nullable Cause told;

    /**
     * @param ownAddress told to the manager; found by the route when empty
     * @param blocking for files, name resolution and the end of channels
     */
    public Attachment(
            ManagerAddress manager,
            Optional<TokenFile> tokenFile,
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
        this.metrics = new ConnectionMetrics(interests.metrics().registry());
        this.supervised = new SupervisedConnection(
                this::begin,
                this::changed,
                rhythm.policy(),
                Loop.of(loop),
                InstantSource.system(),
                RandomGenerator.getDefault());
        this.surroundings = new Surroundings(
                rhythm.poll(), tokenFile.map(TokenFile::path), this::networkChanged, supervised::credentialsRefreshed);
    }

    /** A connection may hang on an address that this machine no longer has, and would be silent for long. */
    private void networkChanged() {
        supervised.networkChanged();
        Heartbeat live = beating;
        if (live != null) {
            live.check(rhythm.heartbeat().interval());
        }
    }

    /** Begins to attach. Never fails: the manager may come later. */
    public void start() {
        surroundings.start();
        supervised.start();
    }

    /** What is going on now. */
    public State state() {
        return switch (supervised.state()) {
            case dev.telepath.tunnel.reconnect.State.Attached a -> State.ATTACHED;
            case dev.telepath.tunnel.reconnect.State.Connecting c -> State.CONNECTING;
            default -> State.SUSPENDED;
        };
    }

    @Override
    public Optional<CompletableFuture<RemoteEnd>> open(Engagement engagement, ConnectionId id) {
        ManagerSession session = attached;
        // A manager that relays no dials would dial the client's target itself, and reach the wrong process.
        return session == null || session.capabilities().of(Capability.WATCH_DIAL) == Support.UNSUPPORTED
                ? Optional.empty()
                : Optional.of(CompletableFuture.completedFuture(session.toClient(engagement, id)));
    }

    /** Departs and ends the connection. Never fails; takes at most a control call's deadline and that of the close. */
    public CompletionStage<Void> stop() {
        surroundings.close();
        return supervised.quit();
    }

    private Attempt begin(SupervisedConnection.Listener listener) {
        var attempt = new Attempt(listener);
        attempt.begin();
        return attempt;
    }

    private void changed(Action.Report report) {
        metrics.count(report);
        report.loss().ifPresent(this::tell);
        switch (report.to()) {
            case dev.telepath.tunnel.reconnect.State.Attached a -> endGrace();
            case dev.telepath.tunnel.reconnect.State.Stopped s -> endGrace();
            default -> {
                if (report.from() instanceof dev.telepath.tunnel.reconnect.State.Attached && graceEnd == null) {
                    graceEnd = loop.schedule(this::graceOver, rhythm.grace().toMillis(), TimeUnit.MILLISECONDS);
                }
            }
        }
    }

    private void tell(Loss loss) {
        if (told != loss.cause()) {
            told = loss.cause();
            LOG.warnf(
                    "manager away manager=%s cause=%s detail=\"%s\" advice=\"%s\"",
                    manager, loss.cause().label(), loss.detail(), Advice.on(loss.cause()));
        }
    }

    private void endGrace() {
        if (graceEnd != null) {
            graceEnd.cancel(false);
            graceEnd = null;
        }
    }

    /** Clients that are connected to this agent itself need no manager; whether they still are is looked at again and again. */
    private void graceOver() {
        interests.engagements().retain(interests.streams()::isDirect);
        graceEnd = interests.engagements().isEngaged()
                ? loop.schedule(
                        this::graceOver, Math.max(LOOK_MILLIS, rhythm.grace().toMillis()), TimeUnit.MILLISECONDS)
                : null;
    }

    /** One connection, from the look for a way to its end. Confined to the loop. */
    private final class Attempt implements SupervisedConnection.Connection {
        private final SupervisedConnection.Listener listener;
        private @Nullable ManagedChannel channel;
        private @Nullable ManagerSession session;
        private @Nullable Watches watches;
        private @Nullable Heartbeat heartbeat;
        private boolean closed;

        Attempt(SupervisedConnection.Listener listener) {
            this.listener = listener;
        }

        void begin() {
            blocking.execute(() -> {
                try {
                    Approach found = Approach.find(manager, tokenFile, ownAddress);
                    loop.execute(() -> connect(found));
                } catch (IOException | RuntimeException e) {
                    listener.lost(Loss.of(e));
                }
            });
        }

        private void connect(Approach approach) {
            if (closed) {
                return;
            }
            ManagedChannel opened = ManagerChannel.open(
                    manager, approach.pin(), approach.bearer(), loop, ManagerChannel.Limits.STANDARD);
            channel = opened;
            var arriving = new ManagerSession(opened, approach.ownAddress(), interests, rhythm.call());
            interests
                    .self()
                    .share()
                    .ifPresent(share -> interests.dials().shareAt(approach.ownAddress(), share.loopbackPorts()));
            arriving.attach(before)
                    .emitOn(loop)
                    .subscribe()
                    .with(
                            peer -> arrived(opened, arriving, approach, peer),
                            failure -> listener.lost(Loss.of(failure)));
        }

        private void arrived(ManagedChannel opened, ManagerSession arrived, Approach approach, String peer) {
            if (closed) {
                return;
            }
            session = arrived;
            before = Optional.of(arrived.info());
            told = null;
            watches = new Watches(arrived, interests, approach.ownAddress(), rhythm, loop, logLevel, listener::lost);
            heartbeat = new Heartbeat(
                    opened,
                    arrived.capabilities(),
                    arrived.info().getSessionId(),
                    rhythm.heartbeat(),
                    Loop.of(loop),
                    listener::lost);
            LOG.infof(
                    "attached manager=%s peer=\"%s\" session=%s",
                    manager, peer, arrived.info().getSessionId());
            listener.attached();
        }

        @Override
        public void sync() {
            if (watches != null && heartbeat != null) {
                attached = session;
                beating = heartbeat;
                watches.start();
                heartbeat.start();
            }
        }

        @Override
        public CompletionStage<Void> close(boolean goodbye) {
            closed = true;
            attached = null;
            beating = null;
            if (watches != null) {
                watches.end();
            }
            if (heartbeat != null) {
                heartbeat.end();
            }
            ManagedChannel open = channel;
            if (open == null) {
                return CompletableFuture.completedStage(null);
            }
            var freed = new CompletableFuture<Void>();
            if (goodbye && session != null) {
                session.depart().subscribe().with(gone -> shut(open, freed));
            } else {
                shut(open, freed);
            }
            return freed;
        }

        private void shut(ManagedChannel open, CompletableFuture<Void> freed) {
            open.shutdownNow();
            blocking.execute(() -> {
                try {
                    if (!open.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                        LOG.warnf("connection not closed in time manager=%s seconds=%d", manager, CLOSE_SECONDS);
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } finally {
                    freed.complete(null);
                }
            });
        }
    }
}
