package dev.telepath.client.direct;

import com.google.protobuf.ByteString;
import dev.telepath.client.session.Transport;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import dev.telepath.tunnel.capability.Capabilities;
import dev.telepath.tunnel.carry.Carrier;
import dev.telepath.tunnel.direct.DirectCaller;
import dev.telepath.tunnel.liveness.Heartbeat;
import dev.telepath.tunnel.reconnect.Action;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.reconnect.Cause;
import dev.telepath.tunnel.reconnect.Loop;
import dev.telepath.tunnel.reconnect.Loss;
import dev.telepath.tunnel.reconnect.ReconnectPolicy;
import dev.telepath.tunnel.reconnect.State;
import dev.telepath.tunnel.reconnect.SupervisedConnection;
import dev.telepath.tunnel.transport.AgentChannel;
import dev.telepath.tunnel.transport.Underlay;
import io.grpc.ManagedChannel;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a connection to one agent, or goes on trying. That there is none is nothing unusual: most machines have no way to
 * pods, and all goes by the manager.
 *
 * <p>Confined to one event loop; the methods may be called on any thread.
 */
final class DirectConnection {
    private static final Logger LOG = Logger.getLogger(DirectConnection.class);
    /** Few tries where there is no way: a change of this machine's network cuts a wait short. */
    private static final Backoff WAITS = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(5), 0);
    /** How long a closed channel may take to be gone before the next is opened all the same. */
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final ListedAgent agent;
    private final String session;
    private final Means means;
    private final Loop loop;
    private final SupervisedConnection supervised;
    private final Quarantine quarantine = new Quarantine(System::nanoTime);

    private volatile ByteString ticket;
    private volatile @Nullable Heartbeat beating;
    /** Whether the attempt or connection of now goes by a port-forward. */
    private volatile boolean forwarded;

    /** Since when the manager does not list the agent, by the system's clock of nanoseconds. */
    private volatile @Nullable Long unlistedSince;

    private @Nullable Cause told;

    /**
     * @param session this client's
     */
    DirectConnection(ListedAgent agent, String session, Means means) {
        this.agent = agent;
        this.session = session;
        this.means = means;
        this.ticket = agent.ticket();
        this.loop = Loop.of(means.loops().next());
        this.supervised = new SupervisedConnection(
                this::open,
                this::changed,
                // An agent that denies us may be told another secret: the longest wait, and not the end.
                new ReconnectPolicy(WAITS, means.policy().stable(), Optional.of(WAITS.most()), false),
                loop,
                InstantSource.system(),
                RandomGenerator.getDefault());
    }

    /** Begins. Once. */
    void start() {
        supervised.start();
    }

    ListedAgent agent() {
        return agent;
    }

    boolean isAttached() {
        return supervised.state() instanceof State.Attached;
    }

    /** Whether there is a connection, by a port-forward. */
    boolean isForwarded() {
        return forwarded && isAttached();
    }

    /** There may be a better way than a port-forward: one that goes by it is made anew. */
    void reconsider() {
        if (isForwarded()) {
            supervised.reconnect();
        }
    }

    boolean isListed() {
        return unlistedSince == null;
    }

    /** The manager does not list the agent now. Whether it is time to end this: at once for one that is not connected. */
    boolean isUnlistedFor(Duration most) {
        long now = System.nanoTime();
        Long since = unlistedSince;
        if (since == null) {
            since = now;
            unlistedSince = since;
        }
        return !isAttached() || now - since > most.toNanos();
    }

    /**
     * The manager lists the agent.
     *
     * @param now shown from the next attempt on, which comes at once where this is another one
     */
    void refresh(ByteString now) {
        unlistedSince = null;
        if (!now.equals(ticket)) {
            ticket = now;
            supervised.credentialsRefreshed();
        }
    }

    /** A way may have come, or be gone with a connection that knows nothing of it yet. */
    void networkChanged() {
        loop.execute(quarantine::lift);
        supervised.networkChanged();
        Heartbeat beats = beating;
        if (beats != null) {
            beats.check(means.policy().heartbeat().interval());
        }
    }

    /** Ends it for good; completes when nothing is left, never exceptionally. */
    CompletionStage<Void> end() {
        return supervised.quit();
    }

    private SupervisedConnection.Connection open(SupervisedConnection.Listener listener) {
        var attempt = new Attempt(listener);
        attempt.begin();
        return attempt;
    }

    private void changed(Action.Report report) {
        if (report.to() instanceof State.Attached) {
            if (!forwarded) {
                quarantine.attached();
            }
            told = null;
            LOG.infof(
                    "direct connection agent=%s workload=%s transport=%s to=%s",
                    agent.session(),
                    agent.workload(),
                    transport().word(),
                    transport().to());
        } else if (report.from() instanceof State.Attached) {
            lost(report.loss());
        } else {
            report.loss().filter(loss -> loss.cause() != told).ifPresent(loss -> {
                told = loss.cause();
                LOG.debugf(
                        "no direct connection agent=%s workload=%s address=%s cause=%s detail=\"%s\"",
                        agent.session(),
                        agent.workload(),
                        agent.where(),
                        loss.cause().label(),
                        loss.detail());
            });
        }
    }

    private Transport transport() {
        return agent.pod()
                .filter(pod -> forwarded)
                .<Transport>map(pod -> new Transport.PortForward(pod.namespace() + "/" + pod.pod()))
                .orElseGet(() -> new Transport.Direct(agent.where()));
    }

    private void lost(Optional<Loss> why) {
        if (!forwarded && why.filter(loss -> loss.cause() == Cause.SILENCE).isPresent()) {
            quarantine.silent();
        }
        why.filter(loss -> isListed())
                .ifPresentOrElse(
                        loss -> LOG.infof(
                                "direct connection lost agent=%s workload=%s cause=%s detail=\"%s\"; its streams go by the manager",
                                agent.session(), agent.workload(), loss.cause().label(), loss.detail()),
                        () -> LOG.debugf(
                                "direct connection ended agent=%s workload=%s", agent.session(), agent.workload()));
    }

    /** One connection, from the look for a way to its end. Confined to the loop. */
    private final class Attempt implements SupervisedConnection.Connection {
        private final SupervisedConnection.Listener listener;
        private @Nullable ManagedChannel channel;
        /** By which streams of this client go too. */
        private @Nullable Carrier outbound;

        private @Nullable Cancellable watch;
        private @Nullable Heartbeat heartbeat;
        private Runnable cancelLimit = () -> {};
        /** Whether the agent has taken the calls. */
        private boolean taken;

        private boolean closed;

        Attempt(SupervisedConnection.Listener listener) {
            this.listener = listener;
        }

        void begin() {
            Duration limit = means.policy().call();
            cancelLimit = loop.after(
                    limit,
                    () -> listener.lost(
                            new Loss(Cause.SILENCE, "the agent took no calls within " + limit.toMillis() + " ms")));
            if (quarantine.holds()) {
                off(() -> forward(new Loss(Cause.UNREACHABLE, "the way there fell silent lately")));
            } else {
                off(this::look);
            }
        }

        /** What may block. */
        private void off(Runnable task) {
            Thread.ofVirtual().name("direct").start(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    listener.lost(Loss.of(e));
                }
            });
        }

        private void look() {
            if (means.device().leads(agent.address().getAddress())) {
                forward(new Loss(Cause.UNREACHABLE, "only tp's own device leads there"));
            } else {
                loop.execute(() -> connect(Underlay.straight(agent.address()), false));
            }
        }

        /**
         * Goes by the API server where that is possible.
         *
         * @param why it cannot go straight
         */
        private void forward(Loss why) {
            agent.pod()
                    .filter(pod -> means.forwards())
                    .flatMap(pod -> means.way().forward(pod.namespace(), pod.pod(), pod.port()))
                    .ifPresentOrElse(underlay -> loop.execute(() -> connect(underlay, true)), () -> listener.lost(why));
        }

        private void connect(Underlay underlay, boolean forwards) {
            if (closed) {
                return;
            }
            ManagedChannel opened = AgentChannel.open(
                    underlay,
                    agent.fingerprint(),
                    new DirectCaller(session, ticket),
                    means.loops(),
                    means.policy().limits(),
                    means.connect());
            channel = opened;
            forwarded = forwards;
            Carrier carrier = Carrier.over(opened, means.credit());
            watch = MutinyStreamsGrpc.newMutinyStub(opened)
                    .watchLinks(LinkWatch.newBuilder().setSessionId(session).build())
                    .subscribe()
                    .with(
                            request -> told(request, carrier),
                            failure -> failed(Loss.of(failure), forwards),
                            () -> listener.lost(Loss.ended("the watch of links")));
        }

        /** An agent that cannot be reached at its address may be by the API server. */
        private void failed(Loss why, boolean forwards) {
            ManagedChannel open = channel;
            if (closed || taken || forwards || open == null || why.cause() == Cause.CREDENTIALS) {
                listener.lost(why);
                return;
            }
            open.shutdownNow();
            channel = null;
            off(() -> forward(why));
        }

        /** The first says no more than that the agent takes calls; nobody waits for a link without a number. */
        private void told(LinkRequest request, Carrier carrier) {
            if (request.getLink() == 0) {
                taken = true;
                if (agent.dials()) {
                    outbound = carrier;
                    means.streams().direct(agent.session(), carrier);
                }
                listener.attached();
            } else {
                means.streams().requested(request, carrier, agent.session());
            }
        }

        @Override
        public void sync() {
            cancelLimit.run();
            ManagedChannel open = channel;
            if (closed || open == null) {
                return;
            }
            var beats = new Heartbeat(
                    open,
                    new Capabilities("agent of " + agent.workload(), means.metrics()),
                    session,
                    means.policy().heartbeat(),
                    loop,
                    listener::lost);
            heartbeat = beats;
            beating = beats;
            beats.start();
        }

        @Override
        public CompletionStage<Void> close(boolean goodbye) {
            closed = true;
            beating = null;
            if (outbound != null) {
                means.streams().noDirect(agent.session(), outbound);
            }
            cancelLimit.run();
            if (watch != null) {
                watch.cancel();
            }
            if (heartbeat != null) {
                heartbeat.end();
            }
            ManagedChannel open = channel;
            if (open == null) {
                return CompletableFuture.completedStage(null);
            }
            open.shutdownNow();
            var freed = new CompletableFuture<Void>();
            Thread.ofVirtual().name("direct").start(() -> awaitGone(open, freed));
            return freed;
        }

        private void awaitGone(ManagedChannel open, CompletableFuture<Void> freed) {
            try {
                if (!open.awaitTermination(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
                    LOG.debugf(
                            "direct connection not closed in time agent=%s milliseconds=%d",
                            agent.session(), CLOSE.toMillis());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                freed.complete(null);
            }
        }
    }
}
