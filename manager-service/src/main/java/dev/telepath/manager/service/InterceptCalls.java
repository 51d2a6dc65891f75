package dev.telepath.manager.service;

import com.google.protobuf.Empty;
import dev.telepath.manager.engagement.Engagement;
import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.engagement.Preparation;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.watch.Changes;
import dev.telepath.manager.watch.Delta;
import dev.telepath.manager.watch.Watches;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.Replacement;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.protocol.telepresence.manager.CreateInterceptRequest;
import dev.telepath.protocol.telepresence.manager.GetInterceptRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoDelta;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.PreparedIntercept;
import dev.telepath.protocol.telepresence.manager.RemoveInterceptRequest2;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Engagements as the intercept calls of the protocol. */
@Singleton
final class InterceptCalls {
    private static final int USER_ERROR = 1;

    private final Sessions sessions;
    private final Engagements engagements;
    private final Preparation preparation;
    private final AgentSupply supply;
    private final WorkloadAccess access;
    private final Watches watches;

    @Inject
    InterceptCalls(
            Sessions sessions,
            Engagements engagements,
            Preparation preparation,
            AgentSupply supply,
            WorkloadAccess access,
            Watches watches) {
        this.sessions = sessions;
        this.engagements = engagements;
        this.preparation = preparation;
        this.supply = supply;
        this.access = access;
        this.watches = watches;
    }

    Uni<PreparedIntercept> prepare(CreateInterceptRequest request) {
        ClientSession client = client(request.getSession());
        return brought(client, request)
                .map(brought -> switch (preparation.prepare(client, request.getInterceptSpec())) {
                    case Preparation.Outcome.UserError(String text) -> wrong(text);
                    case Preparation.Outcome.Ready ready -> prepared(ready);
                })
                .onFailure(InterceptCalls::forUsers)
                .recoverWithItem(failure -> wrong(String.valueOf(
                        ((StatusRuntimeException) failure).getStatus().getDescription())));
    }

    /** What may not be done, or not be said now, is no fault of what was asked for. */
    private static boolean forUsers(Throwable failure) {
        return failure instanceof StatusRuntimeException refused
                && refused.getStatus().getCode() != Status.Code.PERMISSION_DENIED;
    }

    private static PreparedIntercept wrong(String text) {
        return PreparedIntercept.newBuilder()
                .setError(text)
                .setErrorCategory(USER_ERROR)
                .build();
    }

    /** Completes when the workload has the agent that the engagement needs. */
    private Uni<Boolean> brought(ClientSession client, CreateInterceptRequest request) {
        Executor loop = CallLoop.current();
        InterceptSpec spec = request.getInterceptSpec();
        WorkloadKey workload = preparation.workload(client, spec);
        return Uni.createFrom()
                .completionStage(access.check(client.owner(), workload))
                .chain(allowed -> {
                    // Before the container goes, for others may need it.
                    Optional<String> obstacle =
                            spec.getReplace() ? preparation.obstacle(client, spec) : Optional.empty();
                    return obstacle.isPresent()
                            ? Uni.createFrom()
                                    .<Void>failure(Status.FAILED_PRECONDITION
                                            .withDescription(obstacle.get())
                                            .asRuntimeException())
                            : Uni.createFrom().completionStage(supplied(workload, spec));
                })
                .onFailure(CompletionException.class)
                .transform(Throwable::getCause)
                .replaceWith(true)
                .emitOn(loop);
    }

    private CompletionStage<Void> supplied(WorkloadKey workload, InterceptSpec spec) {
        return spec.getReplace() ? supply.replace(workload, Replacement.of(spec)) : supply.bring(workload);
    }

    private static PreparedIntercept prepared(Preparation.Outcome.Ready ready) {
        InterceptSpec spec = ready.spec();
        String service =
                spec.getServiceName().isEmpty() ? ready.workload().key().name() : spec.getServiceName();
        return PreparedIntercept.newBuilder()
                .setNamespace(spec.getNamespace())
                .setServiceName(service)
                .setServiceUid(spec.getServiceUid())
                .setServicePort(spec.getServicePort())
                .setServicePortName(spec.getServicePortName())
                .setContainerPort(spec.getContainerPort())
                .setContainerName(spec.getContainerName())
                .setProtocol(spec.getProtocol())
                .setWorkloadKind(Kinds.name(ready.workload().kind()))
                .addAllPodPorts(spec.getPodPortsList())
                .build();
    }

    Uni<InterceptInfo> create(CreateInterceptRequest request) {
        ClientSession client = client(request.getSession());
        return brought(client, request)
                .map(brought -> engagements
                        .create(client, preparation.resolve(client, request.getInterceptSpec()))
                        .info());
    }

    Uni<InterceptInfo> get(GetInterceptRequest request) {
        String wanted = request.getName();
        Session session = sessions.own(Principal.current(), request.getSession().getSessionId());
        return Uni.createFrom()
                .item(engagements
                        .find(session.id() + ":" + wanted)
                        .or(() -> engagements.find(wanted))
                        .filter(one -> visible(session).test(one))
                        .map(Engagement::info)
                        .orElseThrow(() -> Status.NOT_FOUND
                                .withDescription("Intercept named \"" + wanted + "\" not found")
                                .asRuntimeException()));
    }

    Uni<Empty> remove(RemoveInterceptRequest2 request) {
        engagements.remove(client(request.getSession()), request.getName());
        return Answers.empty();
    }

    Uni<Empty> review(ReviewInterceptRequest request) {
        AgentSession agent =
                sessions.agent(Principal.current(), request.getSession().getSessionId());
        engagements.review(agent, request);
        return Answers.empty();
    }

    Multi<InterceptInfoSnapshot> watch(SessionInfo session) {
        return follow(
                session,
                (before, now) -> now.equals(before)
                        ? java.util.Optional.empty()
                        : java.util.Optional.of(InterceptInfoSnapshot.newBuilder()
                                .addAllIntercepts(now.values())
                                .build()));
    }

    Multi<InterceptInfoDelta> watchDelta(SessionInfo session) {
        return follow(
                session,
                (before, now) -> Delta.between(before, now)
                        .map(delta -> InterceptInfoDelta.newBuilder()
                                .putAllUpserts(delta.upserts())
                                .addAllRemovals(delta.removals())
                                .build()));
    }

    private <O> Multi<O> follow(SessionInfo info, Watches.Teller<Map<String, InterceptInfo>, O> teller) {
        Principal caller = Principal.current();
        Predicate<Engagement> which;
        BooleanSupplier over;
        if (info.getSessionId().isEmpty()) {
            which = one -> caller.owns(one.client().owner()) && !one.isChild();
            over = () -> false;
        } else {
            Session session = sessions.own(caller, info.getSessionId());
            which = visible(session);
            over = session::isEnded;
        }
        Supplier<Map<String, InterceptInfo>> state = () -> {
            var infos = new LinkedHashMap<String, InterceptInfo>();
            engagements.all().stream().filter(which).forEach(one -> infos.put(one.id(), one.info()));
            return infos;
        };
        List<Changes> sources = List.of(engagements.changes(), sessions.changes());
        return watches.watch(sources, state, teller, over, CallLoop.current());
    }

    private static Predicate<Engagement> visible(Session session) {
        return switch (session) {
            case ClientSession client -> one -> one.client() == client && !one.isChild();
            case AgentSession agent ->
                one -> one.workload().equals(agent.workload())
                        && one.client().owner().sees(agent.owner())
                        && shownToAgents(one.info().getDisposition());
        };
    }

    private static boolean shownToAgents(InterceptDispositionType disposition) {
        return switch (disposition) {
            case WAITING, ACTIVE, AGENT_ERROR, REMOVED -> true;
            default -> false;
        };
    }

    private ClientSession client(SessionInfo session) {
        return sessions.client(Principal.current(), session.getSessionId());
    }
}
