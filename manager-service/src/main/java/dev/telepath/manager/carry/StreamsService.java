package dev.telepath.manager.carry;

import dev.telepath.manager.relay.CallTransport;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.LinkWatch;
import dev.telepath.protocol.v1.MutinyStreamsGrpc;
import io.grpc.ServerServiceDefinition;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import jakarta.inject.Inject;
import java.net.SocketAddress;

/** {@code telepath.v1.Streams} but for {@code Carry}, whose calls {@link CarryService} takes. */
@GrpcService
public final class StreamsService extends MutinyStreamsGrpc.StreamsImplBase {
    private final LinkRelay relay;
    private final LinkWatchers watchers;
    private final EarlierRuns earlier;
    private final Sessions sessions;
    private final Draining draining;

    @Inject
    StreamsService(LinkRelay relay, LinkWatchers watchers, EarlierRuns earlier, Sessions sessions, Draining draining) {
        this.relay = relay;
        this.watchers = watchers;
        this.earlier = earlier;
        this.sessions = sessions;
        this.draining = draining;
    }

    @Override
    public Multi<LinkRequest> watchLinks(LinkWatch request) {
        draining.check();
        Session session = sessions.own(Principal.current(), request.getSessionId());
        SocketAddress peer = CallTransport.peer();
        return watchers.open(session, CallTransport.loop()).onSubscription().invoke(() -> {
            relay.watching(session, peer);
            earlier.watching(session, request.getRun());
        });
    }

    @Override
    public ServerServiceDefinition bindService() {
        return CallTransport.known(super.bindService());
    }
}
