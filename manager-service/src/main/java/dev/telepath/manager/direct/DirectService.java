package dev.telepath.manager.direct;

import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import dev.telepath.manager.relay.CallTransport;
import dev.telepath.manager.security.AgentCertificates;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.watch.Watches;
import dev.telepath.protocol.v1.AgentListener;
import dev.telepath.protocol.v1.CertificateRequest;
import dev.telepath.protocol.v1.DirectAgents;
import dev.telepath.protocol.v1.DirectWatch;
import dev.telepath.protocol.v1.MutinyDirectLinksGrpc;
import dev.telepath.protocol.v1.ServerCertificate;
import io.grpc.Status;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.inject.Inject;
import java.time.Instant;

/** Lets clients and agents find each other, that connect past the manager. */
@GrpcService
public final class DirectService extends MutinyDirectLinksGrpc.DirectLinksImplBase {
    private final Sessions sessions;
    private final Listeners listeners;
    private final EngagedAgents engaged;
    private final Watches watches;
    private final Draining draining;
    private final Timer timer;
    private final boolean on;

    @Inject
    DirectService(
            Sessions sessions,
            Listeners listeners,
            EngagedAgents engaged,
            Watches watches,
            Draining draining,
            Timer timer,
            ManagerSettings settings) {
        this.sessions = sessions;
        this.listeners = listeners;
        this.engaged = engaged;
        this.watches = watches;
        this.draining = draining;
        this.timer = timer;
        this.on = settings.streams().direct();
    }

    @Override
    public Uni<ServerCertificate> certify(CertificateRequest request) {
        check();
        var _ = sessions.agent(Principal.current(), request.getSessionId());
        Instant now = timer.clock().instant();
        // Two keys' worth of arithmetic, which no other call of the connection has to wait for.
        return Uni.createFrom()
                .item(() -> AgentCertificates.issue(request.getPublicKey().toByteArray(), now))
                .runSubscriptionOn(Infrastructure.getDefaultWorkerPool())
                .emitOn(CallTransport.loop())
                .map(der -> ServerCertificate.newBuilder()
                        .setCertificate(ByteString.copyFrom(der))
                        .build())
                .onFailure(IllegalArgumentException.class)
                .transform(wrong -> Status.INVALID_ARGUMENT
                        .withDescription(wrong.getMessage())
                        .asRuntimeException());
    }

    @Override
    public Uni<Empty> listen(AgentListener told) {
        check();
        listeners.put(sessions.agent(Principal.current(), told.getSessionId()), told);
        return Uni.createFrom().item(Empty.getDefaultInstance());
    }

    /** Nothing is lost with the end of it: what is connected stays. A drain therefore does not wait for it. */
    @Override
    public Multi<DirectAgents> watchAgents(DirectWatch request) {
        check();
        draining.check();
        ClientSession client = sessions.client(Principal.current(), request.getSessionId());
        return watches.watch(
                engaged.changes(),
                () -> engaged.of(client),
                Watches.snapshots(),
                client::isEnded,
                CallTransport.loop());
    }

    /** What is switched off answers as a manager that does not know it. */
    private void check() {
        if (!on) {
            throw Status.UNIMPLEMENTED
                    .withDescription("connections past the manager are switched off (streams.direct)")
                    .asRuntimeException();
        }
    }
}
