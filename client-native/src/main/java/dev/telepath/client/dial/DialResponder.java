package dev.telepath.client.dial;

import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.frame.FrameCodec;
import dev.telepath.tunnel.frame.MalformedFrame;
import dev.telepath.tunnel.frame.Protocol;
import dev.telepath.tunnel.net.Dialer;
import dev.telepath.tunnel.net.UdpEnd;
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jboss.logging.Logger;

/**
 * Answers dial requests: opens the {@code Tunnel} call with the id it was given, dials the local process, and joins the
 * two. A peer can only reach what an engagement leads to.
 *
 * <p>Runs on the event loop, never blocks.
 */
public final class DialResponder {
    private static final Logger LOG = Logger.getLogger(DialResponder.class);
    private static final Duration LEAST_TIMEOUT = Duration.ofMillis(100);

    private final LocalTargets targets;
    private final EventLoopGroup loops;
    private final Duration udpIdle;
    private final Credit credit;
    private final StreamLedger ledger;
    private final Duration dialTimeout;

    public DialResponder(
            LocalTargets targets,
            EventLoopGroup loops,
            Credit credit,
            StreamLedger ledger,
            Duration dialTimeout,
            Duration udpIdle) {
        this.targets = targets;
        this.loops = loops;
        this.udpIdle = udpIdle;
        this.credit = credit;
        this.ledger = ledger;
        this.dialTimeout = dialTimeout;
    }

    /** Answers one request on the peer that sent it. */
    void answer(
            Channel peer,
            MethodDescriptor<TunnelMessage, TunnelMessage> method,
            String sessionId,
            DialRequest request) {
        ConnectionId id;
        try {
            id = new ConnectionId(request.getConnId());
        } catch (MalformedFrame e) {
            LOG.warnf("dial request ignored cause=\"%s\"", e.getMessage());
            ledger.failed("inbound", "malformed");
            return;
        }
        Duration timeout = request.getDialTimeout() > 0 ? Duration.ofNanos(request.getDialTimeout()) : dialTimeout;
        var info = new Frame.StreamInfo(
                FrameCodec.VERSION,
                Duration.ofNanos(Math.max(0, request.getRoundtripLatency())),
                timeout,
                id,
                sessionId);
        TunnelCall call = TunnelCall.open(peer, method, CallOptions.DEFAULT, credit, info, null);
        dial(id, timeout).whenComplete((end, failure) -> {
            if (failure != null) {
                call.fail(StreamFailure.of(failure));
            } else {
                StreamEnd.join(call, end);
            }
        });
    }

    /**
     * Dials what an engagement leads to.
     *
     * @param timeout zero for the default
     * @return the dialled end, counted; fails with {@link StreamFailure.DialRefused} or {@link StreamFailure.DialTimedOut}
     */
    public CompletionStage<StreamEnd> dial(ConnectionId id, Duration timeout) {
        String host = id.destinationAddress().getHostAddress();
        int port = id.destinationPort();
        Optional<Protocol> protocol = protocol(id);
        if (protocol.isEmpty() || !targets.leadsTo(host, port)) {
            LOG.debugf("dial refused, no engagement leads there id=%s", id);
            ledger.failed("inbound", "no-engagement");
            return CompletableFuture.failedFuture(
                    new StreamFailure.DialRefused("no engagement leads to " + host + ":" + port));
        }
        var target = new InetSocketAddress(id.destinationAddress(), port);
        Duration asked = timeout.isPositive() ? timeout : dialTimeout;
        CompletionStage<StreamEnd> dialled = switch (protocol.get()) {
            case TCP -> {
                Duration bounded = asked.compareTo(LEAST_TIMEOUT) < 0 ? LEAST_TIMEOUT : asked;
                yield new Dialer(loops).dial(target, bounded, credit).thenApply(end -> {
                    ledger.opened("inbound", end);
                    return end;
                });
            }
            case UDP ->
                UdpEnd.dial(loops, target, udpIdle, credit).thenApply(end -> {
                    ledger.opened("inbound", end);
                    return end;
                });
        };
        return dialled.whenComplete((end, failure) -> {
            if (failure != null) {
                targets.localFailure(
                        port, String.valueOf(StreamFailure.of(failure).getMessage()));
                ledger.failed("inbound", "local-refused");
            }
        });
    }

    private static Optional<Protocol> protocol(ConnectionId id) {
        try {
            return Optional.of(id.protocol());
        } catch (MalformedFrame e) {
            return Optional.empty();
        }
    }
}
