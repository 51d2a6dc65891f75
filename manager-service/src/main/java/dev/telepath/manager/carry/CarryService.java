package dev.telepath.manager.carry;

import dev.telepath.manager.relay.Credits;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.wire.HttpCall;
import dev.telepath.manager.wire.WireCalls;
import dev.telepath.protocol.v1.StreamsGrpc;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;

/**
 * Serves {@code Carry}: reads a call's greeting, and lets the relay find what its edge is sent. Runs on the event loop of
 * the call's connection.
 */
@Singleton
final class CarryService {
    private final LinkRelay relay;
    private final Credits credits;

    @Inject
    CarryService(LinkRelay relay, Credits credits) {
        this.relay = relay;
        this.credits = credits;
    }

    void route(@Observes Router router, WireCalls calls) {
        calls.route(router, StreamsGrpc.getCarryMethod(), this::serve);
    }

    private void serve(HttpCall http, Principal caller) {
        SocketAddress peer = http.peer();
        http.answer(credits.take(peer), chunks -> {
            var call = new CarryCall(peer);
            call.over().thenRun(() -> credits.release(peer));
            chunks.subscribe(call);
            return new Reply(
                    call.greeting().thenCompose(greeting -> relay.accept(call, greeting, caller)), call::answered);
        });
    }
}
