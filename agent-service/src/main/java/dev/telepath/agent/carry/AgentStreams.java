package dev.telepath.agent.carry;

import dev.telepath.agent.dial.DialAnswers;
import dev.telepath.agent.divert.ClientPath;
import dev.telepath.agent.engage.Engagement;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.tunnel.carry.Acceptor;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.Carrier;
import dev.telepath.tunnel.carry.Initiator;
import dev.telepath.tunnel.carry.LinkOffers;
import dev.telepath.tunnel.carry.ResumableEnd;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.reconnect.Backoff;
import dev.telepath.tunnel.stream.RemoteEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The agent's edge of resumable streams. While the manager is away, new connections of an engaged port are held for a
 * short time in case it comes back. Thread-safe.
 */
public final class AgentStreams implements ClientPath {
    private static final Duration GOODBYE = Duration.ofSeconds(1);

    private final CarriedStreams streams;
    private final Initiator initiator;
    private final Acceptor acceptor;
    private final Duration hold;
    /** Clients that are connected to this agent itself. */
    private final Map<String, Carrier> direct = new ConcurrentHashMap<>();

    private volatile boolean offered;
    private volatile boolean attached;

    /**
     * @param hold how long a new connection waits for a manager that is away
     */
    public AgentStreams(CarriedStreams streams, DialAnswers dials, Backoff backoff, Duration hold) {
        this.streams = streams;
        this.hold = hold;
        this.initiator = new Initiator(streams, backoff);
        this.acceptor = new Acceptor(streams, (id, timeout, client) -> dials.dial(id, timeout, client));
    }

    /** A manager that has resumable streams is attached. */
    public void attached(Carrier carrier, String session) {
        offered = true;
        attached = true;
        acceptor.attached(carrier, session);
        initiator.attached(carrier, session);
    }

    /** A manager without resumable streams is attached. */
    public void attachedWithout() {
        offered = false;
    }

    /** No manager is attached. */
    public void detached() {
        attached = false;
        acceptor.detached();
        initiator.detached();
    }

    /** The manager wants a link. */
    public void requested(LinkRequest request) {
        acceptor.requested(request);
    }

    /** A client is connected to this agent itself: its streams go that way from now on, whether a manager is there or not. */
    public void direct(String client, Carrier way) {
        direct.put(client, way);
        initiator.direct(client, way);
    }

    /** That connection is gone. */
    public void noDirect(String client, Carrier way) {
        direct.remove(client, way);
        initiator.noDirect(client, way);
    }

    /** Whether that client is connected to this agent itself. */
    public boolean isDirect(String client) {
        return direct.containsKey(client);
    }

    /** How many clients are connected to this agent itself. */
    public int directClients() {
        return direct.size();
    }

    @Override
    public Optional<CompletableFuture<RemoteEnd>> open(Engagement engagement, ConnectionId id) {
        if (!offered) {
            return Optional.empty();
        }
        ResumableEnd end = initiator.open(id, engagement.dialTimeout(), engagement.clientSession());
        if (!isReachable(engagement)) {
            CompletableFuture.delayedExecutor(hold.toMillis(), TimeUnit.MILLISECONDS)
                    .execute(() -> {
                        if (!isReachable(engagement)
                                && !end.dialled().toCompletableFuture().isDone()) {
                            end.fail(new StreamFailure.ConnectionLost("the manager is away"));
                        }
                    });
        }
        return Optional.of(CompletableFuture.completedFuture(end));
    }

    private boolean isReachable(Engagement engagement) {
        return attached || isDirect(engagement.clientSession());
    }

    /** Tells the streams of this process from those of one that had the same session before. */
    public long run() {
        return initiator.run();
    }

    /**
     * A connection of that client to this agent itself, whose own streams are taken.
     *
     * @param watcher its watch for links
     */
    public LinkOffers offers(String client, LinkOffers.Watcher watcher) {
        return new LinkOffers(streams, acceptor, client, watcher);
    }

    /** What is open and what is suspended. */
    public CarriedStreams streams() {
        return streams;
    }

    /**
     * Ends all streams.
     *
     * @return completes when their other edges know, or after a second
     */
    public CompletionStage<Void> close() {
        initiator.close();
        acceptor.close();
        return streams.quiet(GOODBYE);
    }
}
