package dev.telepath.client.kubernetes;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * The protocols that port-forwards of one cluster are asked for: SPDY, which costs container runtimes a quarter of what
 * WebSocket messages do and is the older one of both, else WebSocket, which proxies before an API server are likelier to
 * let through. Thread-safe.
 */
final class ForwardProtocols {
    /** For how long SPDY is not asked for again: what refused it may have been of that moment. */
    static final Duration REFUSED = Duration.ofMinutes(10);

    private static final Logger LOG = Logger.getLogger(ForwardProtocols.class);

    private final InstantSource clock;
    private Instant again = Instant.MIN;
    private int changes;

    ForwardProtocols(InstantSource clock) {
        this.clock = clock;
    }

    /** Those to ask for, for one connection, the best first. */
    synchronized List<ForwardCarrier> carriers() {
        var webSocket = new WebSocketCarrier();
        return isRefused() ? List.of(webSocket) : List.of(new SpdyCarrier(), webSocket);
    }

    private boolean isRefused() {
        return clock.instant().isBefore(again);
    }

    /** One was not taken. */
    synchronized void refused(ForwardCarrier carrier) {
        switch (carrier) {
            case SpdyCarrier spdy
            when !isRefused() -> {
                again = clock.instant().plus(REFUSED);
                changes++;
                LOG.infof("port-forwards go by WebSocket, SPDY is not taken for=%s", REFUSED);
            }
            // Where neither is, the next one begins anew.
            case WebSocketCarrier webSocket -> again = Instant.MIN;
            default -> {}
        }
    }

    /** How often what is asked for has become another. */
    synchronized int changes() {
        return changes;
    }
}
