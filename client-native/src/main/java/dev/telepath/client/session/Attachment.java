package dev.telepath.client.session;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc;
import dev.telepath.protocol.telepresence.manager.MutinyManagerGrpc.MutinyManagerStub;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.VersionInfo2;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc.MutinyWorkloadsStub;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.liveness.Heartbeat;
import dev.telepath.tunnel.liveness.Rhythm;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import io.grpc.ManagedChannel;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the manager with a session on it. Ends as a whole: the first essential watch that ends takes it
 * down, and the supervisor decides on another.
 *
 * <p>Thread-safe. {@link #call} blocks and must not be used on an event loop.
 */
public final class Attachment implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Attachment.class);
    /** Wait before a watch that is not essential is asked for again. */
    private static final Duration WATCH_AGAIN = Duration.ofSeconds(5);
    /** How long a closed channel may take to be gone. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final ManagedChannel channel;
    private final Transport transport;
    private final Capabilities capabilities;
    private final VersionInfo2 manager;
    private final SessionInfo session;
    private final boolean fresh;
    private final Duration callTimeout;
    private final CompletableFuture<Lost> lost = new CompletableFuture<>();
    private final Set<Cancellable> watches = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Heartbeat heartbeat;
    private volatile boolean closed;

    Attachment(
            Way.Opened opened,
            Capabilities capabilities,
            VersionInfo2 manager,
            SessionInfo session,
            boolean fresh,
            Duration callTimeout) {
        this.channel = opened.channel();
        this.transport = opened.transport();
        this.capabilities = capabilities;
        this.manager = manager;
        this.session = session;
        this.fresh = fresh;
        this.callTimeout = callTimeout;
    }

    public ManagedChannel channel() {
        return channel;
    }

    /** By what the connection goes. */
    public Transport transport() {
        return transport;
    }

    /** How long the manager's latest sign of life took, there and back; empty before the first and with a manager that gives none. */
    public Optional<Duration> roundTrip() {
        Heartbeat beating = heartbeat;
        return beating == null ? Optional.empty() : beating.roundTrip();
    }

    public Capabilities capabilities() {
        return capabilities;
    }

    /** Name and version of the manager. */
    public VersionInfo2 manager() {
        return manager;
    }

    public SessionInfo session() {
        return session;
    }

    /** Whether the session is new to the manager, so that it holds nothing of ours yet. */
    public boolean fresh() {
        return fresh;
    }

    /** Whether the connection is still there, as far as known. */
    public boolean live() {
        return !closed && !lost.isDone();
    }

    /** A stub for single answers, with the call timeout as deadline from now. */
    public MutinyManagerStub manage() {
        return MutinyManagerGrpc.newMutinyStub(channel)
                .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** A stub for watches, without deadline. */
    public MutinyManagerStub watch() {
        return MutinyManagerGrpc.newMutinyStub(channel);
    }

    /** What our own managers add, with the call timeout as deadline from now. */
    public MutinyWorkloadsStub workloads() {
        return MutinyWorkloadsGrpc.newMutinyStub(channel)
                .withDeadlineAfter(callTimeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Waits for an answer.
     *
     * @param doing what is attempted, for the message
     * @throws Failure what it failed with
     */
    public <T> T call(String doing, Uni<T> answer) {
        return call(doing, answer, callTimeout);
    }

    /** The same for what may take longer than other calls: up to the patience given. */
    public <T> T call(String doing, Uni<T> answer, Duration patience) {
        return Calls.await(doing, answer, patience.plusSeconds(1));
    }

    /** Subscribes to a watch whose end is the end of this attachment. Items arrive on the event loop. */
    public <T> void essential(String name, Multi<T> items, Consumer<T> each) {
        subscribe(name, items, each, why -> lose(name, why));
    }

    /** Subscribes to a watch that may end and is then asked for again. Items arrive on the event loop. */
    public <T> void optional(String name, Supplier<Multi<T>> items, Consumer<T> each) {
        if (!live()) {
            return;
        }
        subscribe(name, items.get(), each, why -> {
            if (live()) {
                LOG.debugf(
                        "watch ended, asked for again watch=%s cause=%s",
                        name, why.cause().label());
                CompletableFuture.delayedExecutor(WATCH_AGAIN.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(() -> optional(name, items, each));
            }
        });
    }

    private <T> void subscribe(String name, Multi<T> items, Consumer<T> each, Consumer<Lost> ended) {
        Cancellable watching = items.subscribe()
                .with(
                        each,
                        failure -> ended.accept(
                                new Lost(Loss.of(failure).cause(), ManagerFailures.of(failure, "watch " + name))),
                        () -> ended.accept(new Lost(
                                Cause.PEER_CLOSED,
                                new Failure(
                                        Kind.UNREACHABLE,
                                        "the manager ended the watch of " + name,
                                        "tp attaches again by itself"))));
        watches.add(watching);
        if (closed) {
            watching.cancel();
        }
    }

    private void lose(String name, Lost why) {
        if (!closed && lost.complete(why)) {
            LOG.debugf("connection lost watch=%s", name);
        }
    }

    /** Shows the manager that this end lives, and finds out whether it does. Once. */
    void beat(Rhythm rhythm, Loop loop) {
        var beating = new Heartbeat(channel, capabilities, session.getSessionId(), rhythm, loop, loss -> {
            var failure = new Failure(
                    Kind.UNREACHABLE, "the manager is silent: " + loss.detail(), "tp attaches again by itself");
            lose("heartbeat", new Lost(loss.cause(), failure));
        });
        heartbeat = beating;
        beating.start();
        if (closed) {
            beating.end();
        }
    }

    /** Finds out at once whether the manager is still there by this connection; not with one that knows no heartbeats. */
    void check(Duration limit) {
        Heartbeat beating = heartbeat;
        if (beating != null) {
            beating.check(limit);
        }
    }

    /** Completes, never exceptionally, with the reason when the connection is lost. */
    CompletableFuture<Lost> lost() {
        return lost;
    }

    @Override
    public void close() {
        closed = true;
        Heartbeat beating = heartbeat;
        if (beating != null) {
            beating.end();
        }
        watches.forEach(Cancellable::cancel);
        channel.shutdownNow();
    }

    /** Waits, for a bounded time, until nothing of the connection is left. */
    void awaitClosed() {
        try {
            if (!channel.awaitTermination(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warnf("connection not closed in time milliseconds=%d", CLOSE.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
