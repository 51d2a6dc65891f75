package dev.telepath.manager.relay;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.wire.HttpCall;
import dev.telepath.manager.wire.Messages;
import dev.telepath.manager.wire.WireCalls;
import dev.telepath.protocol.telepresence.manager.ManagerGrpc;
import dev.telepath.protocol.telepresence.manager.TunnelMessage;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.stream.TunnelCall;
import io.smallrye.mutiny.Multi;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;

/**
 * Serves {@code Tunnel}, whose demand is the call's own. Runs on the event loop of the call's connection, one loop for one
 * connection.
 */
@Singleton
public final class TunnelService {
    private final Relay relay;
    private final Credits credits;

    @Inject
    TunnelService(Relay relay, Credits credits) {
        this.relay = relay;
        this.credits = credits;
    }

    void route(@Observes Router router, WireCalls calls) {
        calls.route(router, ManagerGrpc.getTunnelMethod(), this::serve);
    }

    /** Takes a request of the clear-text port, if it is a call of {@code Tunnel}. */
    public boolean takeLegacy(HttpServerRequest request, Principal caller) {
        return WireCalls.take(request, ManagerGrpc.getTunnelMethod(), caller, this::serve);
    }

    private void serve(HttpCall http, Principal caller) {
        SocketAddress peer = http.peer();
        Credit credit = credits.take(peer);
        http.answer(credit, chunks -> {
            Multi<TunnelMessage> messages = Multi.createFrom().publisher(Messages.in(chunks, TunnelMessage.parser()));
            return Messages.out(
                    TunnelCall.serve(messages, call -> relay.accept(call, caller, credit))
                            .onTermination()
                            .invoke(() -> credits.release(peer)),
                    credit.blocks());
        });
    }
}
