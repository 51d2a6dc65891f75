package dev.telepath.manager.carry;

import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.relay.OwnDialer;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.wire.Messages;
import dev.telepath.protocol.v1.Over;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.carry.Acceptor;
import dev.telepath.tunnel.carry.CarriedStreams;
import dev.telepath.tunnel.carry.CarryLink;
import dev.telepath.tunnel.carry.CarrySettings;
import dev.telepath.tunnel.frame.Blocks;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.impl.VertxInternal;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/** The manager as an edge: it dials where no agent can. Such streams end with the manager. Thread-safe. */
@Singleton
public final class OwnEdge {
    private static final String PREFIX = "manager:";

    private final String session = PREFIX + UUID.randomUUID();
    private final Blocks blocks;
    private final CarriedStreams streams;
    private final Acceptor acceptor;

    @Inject
    OwnEdge(Vertx vertx, OwnDialer dialer, Credits credits, ManagerSettings settings, MeterRegistry meters) {
        var of = settings.streams();
        this.blocks = credits.own().blocks();
        this.streams = new CarriedStreams(
                ((VertxInternal) vertx).getEventLoopGroup().next(),
                new CarrySettings(
                        of.window().asLongValue(),
                        of.windowMost().asLongValue(),
                        of.budget().asLongValue(),
                        of.resumeWindow(),
                        of.remember(),
                        0),
                blocks,
                meters);
        this.acceptor = new Acceptor(
                streams,
                (id, timeout, initiator) -> dialer.dial(
                        id,
                        timeout.isPositive() && timeout.compareTo(of.dialTimeout()) < 0 ? timeout : of.dialTimeout(),
                        credits.own()));
    }

    /** Whether an acceptor of that session is this manager, in this run. */
    boolean is(String id) {
        return session.equals(id);
    }

    /** Whether an acceptor of that session is, or was, a manager. */
    static boolean isManager(String id) {
        return id.startsWith(PREFIX);
    }

    /** Streams that end here. */
    public CarriedStreams streams() {
        return streams;
    }

    /** Streams to here that nobody resumes. */
    void over(Over what) {
        acceptor.over(what);
    }

    CompletionStage<Flow.Publisher<Buffer>> take(CarryCall call, StreamFrame greeting) {
        CarryLink link = acceptor.link(session);
        call.passOn(greeting);
        Messages.in(call, StreamFrame.parser()).subscribe(link.incoming());
        return CompletableFuture.completedFuture(Messages.out(link.outgoing(), blocks));
    }
}
