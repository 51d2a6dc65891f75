package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.metrics.TelepresenceMetrics;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.ReconnectAgentRequest;
import dev.telepath.protocol.telepresence.manager.ReconnectClientRequest;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import dev.telepath.protocol.telepresence.manager.TunnelMetrics;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;

/** Arrival, life and departure of sessions. */
@Singleton
final class SessionCalls {
    private static final Logger LOG = Logger.getLogger(SessionCalls.class);
    private static final int MAX_RESTORED = 1000;

    private final Sessions sessions;
    private final Engagements engagements;
    private final WorkloadAccess access;
    private final TelepresenceMetrics metrics;
    private final InstallationId installation;
    private final Draining draining;

    @Inject
    SessionCalls(
            Sessions sessions,
            Engagements engagements,
            WorkloadAccess access,
            TelepresenceMetrics metrics,
            InstallationId installation,
            Draining draining) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.access = access;
        this.metrics = metrics;
        this.installation = installation;
        this.draining = draining;
    }

    Uni<SessionInfo> arriveAsClient(ClientInfo info) {
        draining.check();
        return Uni.createFrom().item(info(sessions.arrive(Principal.current(), info)));
    }

    Uni<SessionInfo> arriveAsAgent(AgentInfo info) {
        draining.check();
        return Uni.createFrom().item(info(sessions.arrive(Principal.current(), info)));
    }

    private SessionInfo info(Session session) {
        return SessionInfo.newBuilder()
                .setSessionId(session.id())
                .setManagerInstallId(installation.id())
                .build();
    }

    Uni<Empty> remain(RemainRequest request) {
        sessions.remain(Principal.current(), request.getSession().getSessionId());
        return Answers.empty();
    }

    Uni<Empty> depart(SessionInfo session) {
        sessions.depart(Principal.current(), session.getSessionId());
        return Answers.empty();
    }

    /**
     * The agents that the client knew are not restored from its word: each comes back by itself. Nor is an engagement of a
     * workload that it may not engage.
     */
    Uni<Empty> reconnectClient(ReconnectClientRequest request) {
        draining.check();
        if (request.getInterceptsCount() > MAX_RESTORED) {
            throw Status.INVALID_ARGUMENT
                    .withDescription("at most " + MAX_RESTORED + " intercepts")
                    .asRuntimeException();
        }
        ClientSession client =
                sessions.restore(Principal.current(), request.getSession().getSessionId(), request.getClient());
        Executor loop = CallLoop.current();
        return Multi.createFrom()
                .iterable(request.getInterceptsList())
                .onItem()
                .transformToUniAndConcatenate(one -> restored(client, one, loop))
                .collect()
                .last()
                .replaceWith(Empty.getDefaultInstance());
    }

    private Uni<Boolean> restored(ClientSession client, InterceptInfo one, Executor loop) {
        var workload =
                new WorkloadKey(one.getSpec().getNamespace(), one.getSpec().getAgent());
        return Uni.createFrom()
                .completionStage(access.check(client.owner(), workload))
                .emitOn(loop)
                .map(allowed -> {
                    engagements.restore(client, one);
                    return true;
                })
                .onFailure(CompletionException.class)
                .transform(Throwable::getCause)
                .onFailure(SessionCalls::denied)
                .recoverWithItem(refused -> {
                    LOG.infof("engagement not restored id=%s cause=\"%s\"", one.getId(), refused.getMessage());
                    return false;
                });
    }

    private static boolean denied(Throwable failure) {
        return failure instanceof StatusRuntimeException refused
                && refused.getStatus().getCode() == Status.Code.PERMISSION_DENIED;
    }

    Uni<Empty> reconnectAgent(ReconnectAgentRequest request) {
        draining.check();
        sessions.restore(Principal.current(), request.getSession().getSessionId(), request.getAgent());
        return Answers.empty();
    }

    /** Agents report for clients; a client that is gone does not matter. */
    Uni<Empty> reportMetrics(TunnelMetrics report) {
        Principal.current().require(dev.telepath.manager.security.Role.AGENT);
        metrics.report(report.getIngressBytes(), report.getEgressBytes());
        return Answers.empty();
    }
}
