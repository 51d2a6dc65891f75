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
import java.util.function.BiConsumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

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
        String host = id.destinationAddress().getHostAddress();
        int port = id.destinationPort();
        Optional<Protocol> protocol = protocol(id);
        if (protocol.isEmpty() || !targets.leadsTo(host, port)) {
            LOG.debugf("dial refused, no engagement leads there id=%s", id);
            ledger.failed("inbound", "no-engagement");
            call.fail(new StreamFailure.DialRefused("no engagement leads to " + host + ":" + port));
            return;
        }
        var target = new InetSocketAddress(id.destinationAddress(), port);
        switch (protocol.get()) {
            case TCP -> {
                Duration bounded = timeout.compareTo(LEAST_TIMEOUT) < 0 ? LEAST_TIMEOUT : timeout;
                new Dialer(loops)
                        .dial(target, bounded, credit)
                        .whenComplete((end, failure) -> joined(call, end, failure, ledger::opened, port));
            }
            case UDP ->
                UdpEnd.dial(loops, target, udpIdle, credit)
                        .whenComplete((end, failure) -> joined(call, end, failure, ledger::opened, port));
        }
    }

    private <E extends StreamEnd> void joined(
            TunnelCall call, E end, @Nullable Throwable failure, BiConsumer<String, E> counted, int port) {
        if (failure != null) {
            targets.localFailure(port, String.valueOf(failure.getMessage()));
            ledger.failed("inbound", "local-refused");
            call.fail(StreamFailure.of(failure));
        } else {
            counted.accept("inbound", end);
            StreamEnd.join(call, end);
        }
    }

    private static Optional<Protocol> protocol(ConnectionId id) {
        try {
            return Optional.of(id.protocol());
        } catch (MalformedFrame e) {
            return Optional.empty();
        }
    }
}
