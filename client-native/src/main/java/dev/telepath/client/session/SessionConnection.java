package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import dev.telepath.tunnel.reconnect.SupervisedConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One connection from the first call to the last, on a virtual thread of its own on which the participants are called.
 * Decides nothing: what becomes of it is told to the supervisor. {@link #sync} and {@link #close} never block.
 */
final class SessionConnection implements SupervisedConnection.Connection {
    private static final Logger LOG = Logger.getLogger(SessionConnection.class);
    private static final Duration TICK = Duration.ofSeconds(1);

    /** What the connection's owner learns, on the connection's thread. */
    interface Owner {
        /** A session is there; the supervisor is told next. */
        void attached(Attachment attachment);

        /** The participants have brought their desired state. */
        void ready(Attachment attachment);

        /** Why there is none any more; the supervisor is told next. Not called after {@link #close}. */
        void lost(Lost lost);

        /** Nobody may use the attachment any more. */
        void detached();

        /** Whether a session that ends in good order is ended at the manager too; else a later daemon takes it over. */
        boolean departs();
    }

    private final Attacher attacher;
    private final Policy policy;
    private final List<Participant> participants;
    private final Owner owner;
    private final SupervisedConnection.Listener listener;
    private final Semaphore wake = new Semaphore(0);
    private final CompletableFuture<Void> freed = new CompletableFuture<>();
    private final Loop loop;
    private final AtomicBoolean told = new AtomicBoolean();
    private final Thread thread;
    private volatile @Nullable Attachment attachment;
    private volatile boolean synced;
    private volatile boolean closing;
    private volatile boolean goodbye;

    /**
     * @param had the session of the last connection, if any
     */
    SessionConnection(
            Attacher attacher,
            Policy policy,
            List<Participant> participants,
            Optional<SessionInfo> had,
            Owner owner,
            SupervisedConnection.Listener listener,
            Loop loop) {
        this.attacher = attacher;
        this.policy = policy;
        this.participants = participants;
        this.owner = owner;
        this.listener = listener;
        this.loop = loop;
        this.thread = Thread.ofVirtual().name("session").unstarted(() -> run(had));
    }

    void begin() {
        thread.start();
    }

    @Override
    public void sync() {
        synced = true;
        wake.release();
    }

    @Override
    public CompletionStage<Void> close(boolean saying) {
        goodbye = saying;
        closing = true;
        Attachment live = attachment;
        if (live == null) {
            thread.interrupt();
        } else if (!saying) {
            live.close();
            thread.interrupt();
        }
        wake.release();
        return freed;
    }

    private void run(Optional<SessionInfo> had) {
        boolean joined = false;
        try {
            List<InterceptInfo> known = new ArrayList<>();
            participants.forEach(each -> known.addAll(each.known()));
            Attachment live = attacher.attach(had, known);
            attachment = live;
            owner.attached(live);
            live.lost().thenAccept(this::lose);
            live.beat(policy.heartbeat(), loop);
            listener.attached();
            while (!synced && !closing) {
                pause(TICK);
            }
            if (!closing) {
                joined = true;
                participants.forEach(each -> each.attached(live));
                owner.ready(live);
                stay(live);
            }
        } catch (Failure e) {
            lose(new Lost(ManagerFailures.cause(e), e));
        } catch (RuntimeException e) {
            LOG.errorf(e, "session failed");
            Failure failure = new Failure(Kind.FAILED, "the session failed: " + e, "see tp gather-logs", e);
            lose(new Lost(ManagerFailures.cause(failure), failure));
        } finally {
            end(joined);
        }
    }

    /** The first of what goes wrong is told; what follows from it is not. */
    private void lose(Lost lost) {
        if (!closing && told.compareAndSet(false, true)) {
            owner.lost(lost);
            listener.lost(new Loss(lost.cause(), lost.failure().message()));
        }
    }

    private void end(boolean joined) {
        // What the interrupt was to end has ended; the good-bye is not meant.
        boolean interrupted = Thread.interrupted();
        LOG.debugf("connection ends joined=%s interrupted=%s", joined, interrupted);
        owner.detached();
        if (joined) {
            participants.forEach(SessionConnection::detach);
        }
        try {
            Attachment live = attachment;
            if (live != null) {
                if (goodbye && owner.departs()) {
                    attacher.depart(live);
                } else if (goodbye) {
                    attacher.confirm(live);
                }
                live.close();
                live.awaitClosed();
            }
        } finally {
            freed.complete(null);
        }
    }

    /** A participant that fails keeps neither the others nor the connection. */
    private static void detach(Participant participant) {
        try {
            participant.detached();
        } catch (RuntimeException e) {
            LOG.errorf(
                    e,
                    "participant not detached participant=%s",
                    participant.getClass().getSimpleName());
        }
    }

    /** Works until the connection is closed. */
    private void stay(Attachment live) {
        long nextBeat = System.nanoTime() + policy.heartbeat().interval().toNanos();
        while (!closing) {
            if (System.nanoTime() - nextBeat >= 0) {
                live.call(
                        "confirm the session",
                        live.manage()
                                .remain(RemainRequest.newBuilder()
                                        .setSession(live.session())
                                        .build()));
                nextBeat = System.nanoTime() + policy.heartbeat().interval().toNanos();
            }
            participants.forEach(each -> each.tick(live));
            long untilBeat = Math.max(1, (nextBeat - System.nanoTime()) / 1_000_000);
            pause(Duration.ofMillis(Math.min(TICK.toMillis(), untilBeat)));
        }
    }

    private void pause(Duration most) {
        try {
            if (wake.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
                wake.drainPermits();
            }
        } catch (InterruptedException e) {
            closing = true;
            Thread.currentThread().interrupt();
        }
    }
}
