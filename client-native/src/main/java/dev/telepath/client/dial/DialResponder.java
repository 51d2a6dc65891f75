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
import dev.telepath.tunnel.stream.StreamEnd;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import java.net.InetSocketAddress;
import java.time.Duration;
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
    private final Dialer dialer;
    private final Credit credit;
    private final StreamLedger ledger;
    private final Duration dialTimeout;

    public DialResponder(
            LocalTargets targets, Dialer dialer, Credit credit, StreamLedger ledger, Duration dialTimeout) {
        this.targets = targets;
        this.dialer = dialer;
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
        String host = id.destinationAddress().getHostAddress();
        int port = id.destinationPort();
        if (!isTcp(id) || !targets.leadsTo(host, port)) {
            LOG.debugf("dial refused, no engagement leads there id=%s", id);
            ledger.failed("inbound", "no-engagement");
            call.fail(new StreamFailure.DialRefused("no engagement leads to " + host + ":" + port));
            return;
        }
        Duration bounded = timeout.compareTo(LEAST_TIMEOUT) < 0 ? LEAST_TIMEOUT : timeout;
        dialer.dial(new InetSocketAddress(id.destinationAddress(), port), bounded, credit)
                .whenComplete((end, failure) -> {
                    if (failure != null) {
                        targets.localFailure(port, String.valueOf(failure.getMessage()));
                        ledger.failed("inbound", "local-refused");
                        call.fail(StreamFailure.of(failure));
                    } else {
                        ledger.opened("inbound", end);
                        StreamEnd.join(call, end);
                    }
                });
    }

    private static boolean isTcp(ConnectionId id) {
        try {
            return id.protocol() == Protocol.TCP;
        } catch (MalformedFrame e) {
            return false;
        }
    }
}
