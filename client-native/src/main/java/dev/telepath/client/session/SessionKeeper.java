package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a session with one manager until it is told to stop: attaches, confirms the session, and attaches again with
 * back-off when the connection is lost. What the participants hold is theirs; they bring it to each new attachment.
 *
 * <p>Owns one virtual thread on which all of this happens. The public methods are thread-safe; {@link #awaitAttached} and
 * {@link #stop} block.
 */
public final class SessionKeeper {
    private static final Logger LOG = Logger.getLogger(SessionKeeper.class);
    private static final int HISTORY = 50;
    private static final Duration TICK = Duration.ofSeconds(1);

    private final Target target;
    private final Policy policy;
    private final MeterRegistry metrics;
    private final Journal journal;
    private final Attacher attacher;
    private final List<Participant> participants;
    private final CompletableFuture<Attachment> first = new CompletableFuture<>();
    private final Semaphore wake = new Semaphore(0);
    private final Deque<SessionState> history = new ArrayDeque<>();
    private final Thread thread;

    private SessionState state = new SessionState.Connecting(Instant.now(), 0);
    private @Nullable SessionInfo session;
    private volatile @Nullable Attachment current;
    private volatile boolean stopping;
    private int deniedInARow;

    public SessionKeeper(
            Target target,
            Policy policy,
            EventLoopGroup loops,
            MeterRegistry metrics,
            Journal journal,
            String version,
            List<Participant> participants) {
        this.target = target;
        this.policy = policy;
        this.metrics = metrics;
        this.journal = journal;
        this.attacher = new Attacher(target, policy, loops, metrics, journal, version);
        this.participants = List.copyOf(participants);
        this.thread = Thread.ofVirtual().name("session").unstarted(this::run);
    }

    public void start() {
        thread.start();
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
     * The attachment.
     *
     * @throws Failure of kind UNREACHABLE or DENIED when there is none now, with the cause
     */
    public Attachment required() {
        return attachment().orElseThrow(() -> switch (state()) {
            case SessionState.Suspended s ->
                new Failure(
                        s.cause().kind(),
                        "the manager is away: " + s.cause().message(),
                        "tp attaches again by itself; see tp status");
            case SessionState.Stopped s -> s.cause();
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

    /** Ends the session at the manager if it can be reached, and the thread. */
    public void stop() {
        stopping = true;
        wake.release();
        if (attachment().isEmpty()) {
            thread.interrupt();
        }
        try {
            thread.join(Duration.ofSeconds(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        int attempt = 0;
        while (!stopping) {
            become(new SessionState.Connecting(Instant.now(), attempt));
            long began = System.nanoTime();
            Failure cause = attachAndStay();
            if (stopping) {
                break;
            }
            boolean wasAttached = deniedInARow == 0 && session != null && state() instanceof SessionState.Attached;
            if (wasAttached && System.nanoTime() - began >= policy.stable().toNanos()) {
                attempt = 0;
            }
            if (isFinal(cause)) {
                become(new SessionState.Stopped(Instant.now(), cause));
                first.completeExceptionally(cause);
                return;
            }
            metrics.counter("telepath.reconnects", "cause", cause.kind().label())
                    .increment();
            Duration wait = policy.backoff().wait(attempt, ThreadLocalRandom.current());
            become(new SessionState.Suspended(
                    Instant.now(), cause, attempt, Instant.now().plus(wait)));
            attempt++;
            pause(wait);
        }
        become(new SessionState.Stopped(
                Instant.now(), new Failure(Kind.NOT_CONNECTED, "disconnected by tp quit", "tp connect")));
    }

    /** Attaches and works until the connection is lost; what was lost it. */
    private Failure attachAndStay() {
        List<InterceptInfo> known = new ArrayList<>();
        participants.forEach(each -> known.addAll(each.known()));
        try (Attachment attachment = attacher.attach(Optional.ofNullable(session), known)) {
            deniedInARow = 0;
            session = attachment.session();
            current = attachment;
            become(new SessionState.Attached(Instant.now(), attachment.session().getSessionId()));
            participants.forEach(each -> each.attached(attachment));
            first.complete(attachment);
            Failure cause = stay(attachment);
            if (stopping) {
                attacher.depart(attachment.channel(), attachment.session());
                journal.ended();
            }
            return cause;
        } catch (Failure e) {
            return e;
        } catch (RuntimeException e) {
            LOG.errorf(e, "session failed");
            return new Failure(Kind.FAILED, "the session failed: " + e, "see tp gather-logs", e);
        } finally {
            if (current != null) {
                current = null;
                participants.forEach(Participant::detached);
            }
        }
    }

    private Failure stay(Attachment attachment) {
        attachment.lost().thenRun(wake::release);
        long nextBeat = System.nanoTime() + policy.heartbeat().toNanos();
        while (!stopping) {
            Failure lost = attachment.lost().getNow(null);
            if (lost != null) {
                return lost;
            }
            if (System.nanoTime() >= nextBeat) {
                attachment.call(
                        "confirm the session",
                        attachment
                                .manage()
                                .remain(RemainRequest.newBuilder()
                                        .setSession(attachment.session())
                                        .build()));
                nextBeat = System.nanoTime() + policy.heartbeat().toNanos();
            }
            participants.forEach(each -> each.tick(attachment));
            long untilBeat = Math.max(1, (nextBeat - System.nanoTime()) / 1_000_000);
            pause(Duration.ofMillis(Math.min(TICK.toMillis(), untilBeat)));
        }
        return new Failure(Kind.NOT_CONNECTED, "disconnected by tp quit", "tp connect");
    }

    /** A wrong token is read again once; what the first attach fails with is told to the user instead of retried. */
    private boolean isFinal(Failure cause) {
        if (!first.isDone()) {
            return true;
        }
        return cause.kind() == Kind.DENIED && ++deniedInARow > 1 || cause.kind() == Kind.USAGE;
    }

    private void pause(Duration wait) {
        try {
            if (wake.tryAcquire(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                wake.drainPermits();
            }
        } catch (InterruptedException e) {
            stopping = true;
        }
    }

    private void become(SessionState next) {
        synchronized (this) {
            state = next;
            history.addLast(next);
            if (history.size() > HISTORY) {
                history.removeFirst();
            }
        }
        switch (next) {
            case SessionState.Connecting c ->
                LOG.debugf("connecting manager=%s attempt=%d", target.address(), c.attempt());
            case SessionState.Attached a ->
                LOG.infof(
                        "attached manager=%s namespace=%s sessionId=%s",
                        target.address(), target.namespace(), a.sessionId());
            case SessionState.Suspended s ->
                LOG.infof(
                        "suspended manager=%s kind=%s cause=\"%s\" attempt=%d nextTry=%s",
                        target.address(), s.cause().kind().label(), s.cause().message(), s.attempt(), s.nextTry());
            case SessionState.Stopped s ->
                LOG.infof(
                        "stopped manager=%s cause=\"%s\"",
                        target.address(), s.cause().message());
        }
    }
}
