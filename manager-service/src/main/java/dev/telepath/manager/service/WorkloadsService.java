package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Offers;
import dev.telepath.protocol.v1.MutinyWorkloadsGrpc;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.protocol.v1.WorkloadRequest;
import io.grpc.Status;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.util.Optional;

/** What agents lend. Ports are shown to all, environment and share to clients that engage the workload. */
@GrpcService
public final class WorkloadsService extends MutinyWorkloadsGrpc.WorkloadsImplBase {
    private final Sessions sessions;
    private final Engagements engagements;
    private final Offers offers;
    private final AgentCalls agents;

    @Inject
    WorkloadsService(Sessions sessions, Engagements engagements, Offers offers, AgentCalls agents) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.offers = offers;
        this.agents = agents;
    }

    @Override
    public Uni<Empty> offer(Offering offering) {
        offers.put(sessions.agent(Principal.current(), offering.getSessionId()), offering);
        return Answers.empty();
    }

    @Override
    public Uni<Offering> describe(WorkloadRequest request) {
        ClientSession client = sessions.client(Principal.current(), request.getSessionId());
        String namespace = request.getNamespace().isEmpty() ? client.namespace() : request.getNamespace();
        var key = new WorkloadKey(namespace, request.getName());
        Offering found = best(client, key)
                .orElseThrow(() -> Status.NOT_FOUND
                        .withDescription("no agent of workload " + key + " is attached that lends anything")
                        .asRuntimeException());
        boolean lent = engagements.engages(client, key);
        return Uni.createFrom().item(lent ? found : shownToAll(found));
    }

    @Override
    public Uni<Empty> bring(WorkloadRequest request) {
        ClientSession client = sessions.client(Principal.current(), request.getSessionId());
        var workload = new WorkloadKey(client.namespace(), request.getName());
        return agents.bring(client, workload).replaceWith(Empty.getDefaultInstance());
    }

    /** Ports, and the way to the agent's own log; what belongs to the workload only to those that engage it. */
    private static Offering shownToAll(Offering whole) {
        Offering.Builder shown = whole.toBuilder().clearEnvironment().clearSessionId();
        if (whole.hasShare()) {
            shown.getShareBuilder()
                    .clearToken()
                    .clearPaths()
                    .clearSftpPort()
                    .clearWritablePaths()
                    .clearLocalPaths();
        }
        return shown.build();
    }

    /** The offer of the agent that carries the client's engagement, else of the first that made one. */
    private Optional<Offering> best(ClientSession client, WorkloadKey key) {
        Optional<AgentSession> carrier = engagements.all().stream()
                .filter(one -> one.client() == client && one.workload().equals(key))
                .flatMap(one -> one.acceptedBy().stream())
                .findFirst();
        return carrier.flatMap(offers::of)
                .or(() -> sessions.agents(client.owner(), key).stream()
                        .flatMap(agent -> offers.of(agent).stream())
                        .findFirst());
    }
}
