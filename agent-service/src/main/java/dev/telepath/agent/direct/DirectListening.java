package dev.telepath.agent.direct;

import com.google.protobuf.ByteString;
import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.liveness.Rhythm;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.security.KeyPair;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Listens for clients while any engages this workload, and for a grace longer, since a manager that has just started
 * learns of engagements as clients come back; tells the manager where. Without any there is no port, no key and no
 * certificate. What fails costs this alone, and is tried again: streams go by the manager.
 *
 * <p>Confined to the event loop of the streams.
 */
public final class DirectListening {
    private static final Logger LOG = Logger.getLogger(DirectListening.class);
    private static final Duration RETRY = Duration.ofSeconds(10);

    private final boolean wanted;
    private final boolean forwarded;
    private final AgentStreams streams;
    private final Credit credit;
    private final Rhythm rhythm;
    private final Duration grace;
    private final Duration retryAfter;
    private final EventLoop loop;
    private final Executor blocking;

    private boolean engaged;
    private @Nullable ScheduledFuture<?> graceEnd;
    private @Nullable ScheduledFuture<?> retry;
    private boolean uncertified;
    private @Nullable Manager manager;
    private @Nullable Identity identity;
    private @Nullable DirectServer server;
    private @Nullable InetAddress listensAt;

    /** A manager that knows of such connections, and how it sees this agent. */
    private record Manager(ManagerCalls calls, InetAddress own) {}

    /**
     * @param wanted false: never
     * @param forwarded whether this is a pod, to which ports may be forwarded: it listens on the loopback too
     * @param rhythm after which silence a client's connection is given up
     * @param grace how long it goes on with nobody engaged
     * @param blocking for the key of TLS
     */
    public DirectListening(
            boolean wanted,
            boolean forwarded,
            AgentStreams streams,
            Credit credit,
            Rhythm rhythm,
            Duration grace,
            EventLoop loop,
            Executor blocking,
            MeterRegistry metrics) {
        this(wanted, forwarded, streams, credit, rhythm, grace, RETRY, loop, blocking, metrics);
    }

    /**
     * @param retryAfter how long after a call to the manager that failed the next is made
     */
    DirectListening(
            boolean wanted,
            boolean forwarded,
            AgentStreams streams,
            Credit credit,
            Rhythm rhythm,
            Duration grace,
            Duration retryAfter,
            EventLoop loop,
            Executor blocking,
            MeterRegistry metrics) {
        this.wanted = wanted;
        this.forwarded = forwarded;
        this.streams = streams;
        this.credit = credit;
        this.rhythm = rhythm;
        this.grace = grace;
        this.retryAfter = retryAfter;
        this.loop = loop;
        this.blocking = blocking;
        Gauge.builder("telepath.direct.clients", streams, AgentStreams::directClients)
                .register(metrics);
    }

    /**
     * A manager that knows of it is attached.
     *
     * @param own address that this agent tells of itself
     */
    public void attached(ManagerCalls calls, InetAddress own) {
        if (wanted) {
            manager = new Manager(calls, own);
            settle();
        }
    }

    /** No manager is attached. Clients that are connected stay so. */
    public void detached() {
        manager = null;
    }

    /** Whether any client engages this workload now. */
    public void engaged(boolean any) {
        if (any) {
            if (graceEnd != null) {
                graceEnd.cancel(false);
                graceEnd = null;
            }
            if (!engaged) {
                engaged = true;
                settle();
            }
        } else if (engaged && graceEnd == null) {
            graceEnd = loop.schedule(this::graceOver, grace.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void graceOver() {
        graceEnd = null;
        engaged = false;
        boolean listened = server != null;
        end();
        if (listened && manager != null) {
            tell(manager, AgentListener.getDefaultInstance());
        }
    }

    /** Makes it what it is to be, and tells the manager. */
    private void settle() {
        Manager to = manager;
        if (to == null || !engaged) {
            return;
        }
        Identity known = identity;
        if (known == null) {
            certify(to);
            return;
        }
        if (!to.own().equals(listensAt)) {
            end();
            listen(to, known);
        }
        DirectServer open = server;
        if (open != null) {
            tell(
                    to,
                    AgentListener.newBuilder()
                            .setAddress(ByteString.copyFrom(to.own().getAddress()))
                            .setPort(open.port())
                            .setFingerprint(known.fingerprint())
                            .setTicketKey(known.tickets().secret())
                            .setLoopbackPort(open.loopbackPort())
                            .setDials(true)
                            .build());
        }
    }

    /** A call to that manager has failed, as calls do that wait for one that is busy. */
    private void retry(Manager to) {
        if (to == manager && retry == null) {
            retry = loop.schedule(this::retried, retryAfter.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void retried() {
        retry = null;
        Manager to = manager;
        if (engaged) {
            settle();
        } else if (to != null) {
            tell(to, AgentListener.getDefaultInstance());
        }
    }

    private void certify(Manager to) {
        CompletableFuture.supplyAsync(Identity::newKey, blocking)
                .thenCompose(key -> certified(to, key))
                .whenComplete((made, failure) -> loop.execute(() -> {
                    if (failure != null) {
                        if (!uncertified) {
                            uncertified = true;
                            LOG.warnf("clients cannot connect past the manager: no certificate cause=\"%s\"", failure);
                        }
                        retry(to);
                    } else if (identity == null) {
                        identity = made;
                        settle();
                    }
                }));
    }

    private CompletionStage<Identity> certified(Manager to, KeyPair key) {
        return to.calls()
                .certify(ByteString.copyFrom(key.getPublic().getEncoded()))
                .subscribeAsCompletionStage()
                .thenApplyAsync(der -> Identity.of(key, der), blocking);
    }

    /** What binds a port waits for it, so another thread does. */
    private void listen(Manager to, Identity known) {
        InetAddress address = to.own();
        listensAt = address;
        CompletableFuture.supplyAsync(
                        () -> DirectServer.start(address, forwarded, known, streams, credit, rhythm, loop), blocking)
                .whenComplete((started, failure) -> loop.execute(() -> {
                    if (failure != null) {
                        // An address that is translated on its way here is none of this machine's.
                        LOG.infof(
                                "clients cannot connect past the manager: no port at address=%s cause=\"%s\"",
                                address.getHostAddress(), failure.getMessage());
                    } else if (!address.equals(listensAt) || server != null) {
                        // It is not wanted any more.
                        started.close();
                    } else {
                        server = started;
                        LOG.infof(
                                "listens for clients past the manager address=%s port=%d loopback-port=%d",
                                address.getHostAddress(), started.port(), started.loopbackPort());
                        settle();
                    }
                }));
    }

    private void tell(Manager to, AgentListener where) {
        to.calls()
                .listen(where)
                .subscribe()
                .with(
                        told -> {},
                        failure -> loop.execute(() -> {
                            LOG.debugf("manager not told of the listener cause=\"%s\"", failure.getMessage());
                            retry(to);
                        }));
    }

    private void end() {
        listensAt = null;
        DirectServer open = server;
        if (open != null) {
            server = null;
            open.close();
        }
    }

    /** Ends it for good. */
    public void close() {
        manager = null;
        if (graceEnd != null) {
            graceEnd.cancel(false);
        }
        if (retry != null) {
            retry.cancel(false);
        }
        end();
    }
}
