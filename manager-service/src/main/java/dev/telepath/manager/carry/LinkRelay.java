package dev.telepath.manager.carry;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.relay.DialWatchers;
import dev.telepath.manager.relay.DialerChoice;
import dev.telepath.manager.relay.ViaWorkload;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.wire.Messages;
import dev.telepath.protocol.v1.LinkRequest;
import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.MalformedFrame;
import dev.telepath.tunnel.resume.Frames;
import dev.telepath.tunnel.resume.ResetCode;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.vertx.core.buffer.Buffer;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Flow;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Pairs the links of resumable streams.
 *
 * <pre>
 *   initiator: Carry(Open | Resume) ─► LinkRequest to the acceptor's session ─► Carry(Answer) ─► joined
 * </pre>
 *
 * Holds nothing that matters: a link that waits is its caller's, and when one of two joined calls ends the other is ended,
 * so that both edges know. A resumed stream waits for its acceptor for as long as its initiator does. Thread-safe.
 */
@Singleton
public final class LinkRelay {
    /** How long an edge of ours that has just come may take until it watches for links; from then on it is of the older kind. */
    private static final Duration SETTLES = Duration.ofSeconds(3);

    private static final String OURS = "telepath";

    private final Sessions sessions;
    private final Draining draining;
    private final Engagements engagements;
    private final LinkWatchers watchers;
    private final DialWatchers dialWatchers;
    private final DialerChoice choice;
    private final ViaWorkload via;
    private final OwnEdge own;
    private final Timer timer;
    private final Duration hold;
    private final Map<Long, Waiting> waiting = new ConcurrentHashMap<>();
    private final Set<Joint> joints = ConcurrentHashMap.newKeySet();
    private final AtomicLong numbers =
            new AtomicLong(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE / 2));
    private final Counter links;

    /** A link whose acceptor has not answered. Answered by nobody when its initiator has given it up. */
    private record Waiting(String acceptor, CarryCall call, CompletableFuture<Optional<CarryCall>> answer) {}

    /** Two joined calls, and the sessions they belong to. */
    private record Joint(String initiator, CarryCall near, String acceptor, CarryCall far) {
        /** The calls of that session that came over another connection than this. */
        void breakOff(String session, @Nullable SocketAddress unless) {
            if (initiator.equals(session) && !near.from(unless) || acceptor.equals(session) && !far.from(unless)) {
                near.breakOff("the edge has attached anew");
                far.breakOff("the edge has attached anew");
            }
        }
    }

    @Inject
    LinkRelay(
            Sessions sessions,
            Draining draining,
            Engagements engagements,
            LinkWatchers watchers,
            DialWatchers dialWatchers,
            DialerChoice choice,
            ViaWorkload via,
            OwnEdge own,
            Timer timer,
            ManagerSettings settings,
            MeterRegistry meters) {
        this.sessions = sessions;
        this.draining = draining;
        this.engagements = engagements;
        this.watchers = watchers;
        this.dialWatchers = dialWatchers;
        this.choice = choice;
        this.via = via;
        this.own = own;
        this.timer = timer;
        this.hold = settings.streams().hold();
        this.links = meters.counter("telepath.links");
        Gauge.builder("telepath.links.open", joints, Set::size).register(meters);
        Gauge.builder("telepath.links.waiting", waiting, Map::size).register(meters);
        sessions.changes().listen(this::sweep);
    }

    /** Links that wait for their acceptor. */
    public int waiting() {
        return waiting.size();
    }

    /** Links that are joined. */
    public int open() {
        return joints.size();
    }

    /** A session watches for requests, over a connection from there. */
    void watching(Session session, @Nullable SocketAddress from) {
        joints.forEach(joint -> joint.breakOff(session.id(), from));
        waiting.forEach((number, link) -> {
            if (link.acceptor().equals(session.id())) {
                ask(number, session.id());
            }
        });
    }

    /**
     * Takes a call.
     *
     * @return what its edge is sent
     * @throws io.grpc.StatusRuntimeException when the session is unknown or another's, or the greeting is none
     */
    CompletionStage<Flow.Publisher<Buffer>> accept(CarryCall call, StreamFrame greeting, Principal caller) {
        draining.check();
        return switch (greeting.getFrameCase()) {
            case OPEN -> {
                Session session = sessions.own(caller, greeting.getOpen().getSessionId());
                yield switch (session) {
                    case AgentSession agent -> intercepted(call, greeting, agent);
                    case ClientSession client -> outbound(call, greeting, client);
                };
            }
            case RESUME -> {
                StreamFrame.Resume resume = greeting.getResume();
                Session session = sessions.own(caller, resume.getSessionId());
                String acceptor = resume.getAcceptorSessionId();
                if (acceptor.isEmpty()) {
                    // Given up before anybody accepted it.
                    yield word(Frames.gone(ResetCode.UNKNOWN));
                }
                if (own.is(acceptor)) {
                    yield own.take(call, greeting);
                }
                yield OwnEdge.isManager(acceptor)
                        ? word(Frames.gone(ResetCode.UNKNOWN))
                        : await(call, greeting, session.id(), acceptor, Optional.empty(), LinkRelay::away);
            }
            case ANSWER ->
                answered(
                        call,
                        greeting.getAnswer(),
                        sessions.own(caller, greeting.getAnswer().getSessionId()));
            default ->
                throw Status.INVALID_ARGUMENT
                        .withDescription("the first frame was " + greeting.getFrameCase() + ", expected a greeting")
                        .asRuntimeException();
        };
    }

    private CompletionStage<Flow.Publisher<Buffer>> intercepted(
            CarryCall call, StreamFrame greeting, AgentSession agent) {
        String clientId = greeting.getOpen().getAcceptorSessionId();
        Optional<ClientSession> found = sessions.clients().stream()
                .filter(one -> one.id().equals(clientId))
                .findFirst();
        if (found.isEmpty()) {
            return refused(ResetCode.NOT_ATTACHED, "the client is not attached any more");
        }
        ClientSession client = found.get();
        if (!engagements.active(client, agent.workload())) {
            return refused(ResetCode.NOT_ALLOWED, "the client does not intercept workload " + agent.workload());
        }
        return offer(call, greeting, agent.id(), client);
    }

    private CompletionStage<Flow.Publisher<Buffer>> outbound(
            CarryCall call, StreamFrame greeting, ClientSession client) {
        ConnectionId id;
        try {
            id = new ConnectionId(greeting.getOpen().getConnectionId());
        } catch (MalformedFrame malformed) {
            throw Status.INVALID_ARGUMENT
                    .withDescription(malformed.getMessage())
                    .asRuntimeException();
        }
        String workload = greeting.getOpen().getViaWorkload();
        if (!workload.isEmpty()) {
            return viaWorkload(call, greeting, client, workload, id);
        }
        Optional<AgentSession> best = choice.of(client, id.destinationAddress(), watchers::watches).stream()
                .findFirst();
        if (best.isEmpty()) {
            return own.take(call, greeting);
        }
        return offer(call, greeting, client.id(), best.get());
    }

    private CompletionStage<Flow.Publisher<Buffer>> viaWorkload(
            CarryCall call, StreamFrame greeting, ClientSession client, String workload, ConnectionId id) {
        return via.agents(client, workload, id, watchers::watches)
                .thenCompose(agents -> agents.stream()
                        .findFirst()
                        .map(agent -> offer(call, greeting, client.id(), agent))
                        .orElseGet(() -> refused(ResetCode.NOT_ATTACHED, ViaWorkload.none(client, workload))))
                .exceptionallyCompose(failure -> {
                    Status status = Status.fromThrowable(failure);
                    return status.getCode() == Status.Code.PERMISSION_DENIED
                            ? refused(ResetCode.NOT_ALLOWED, String.valueOf(status.getDescription()))
                            : CompletableFuture.failedFuture(failure);
                });
    }

    /** Offers a new stream to that edge, unless it is of the older kind. */
    private CompletionStage<Flow.Publisher<Buffer>> offer(
            CarryCall call, StreamFrame greeting, String initiator, Session acceptor) {
        if (!isOlder(acceptor)) {
            return await(call, greeting, initiator, acceptor.id(), Optional.of(hold), LinkRelay::away);
        }
        // One that is just attaching watches for dial requests first. If this manager is new, nothing is known from
        // before.
        Duration settles =
                SETTLES.minus(Duration.between(acceptor.arrived(), timer.clock().instant()));
        if (!acceptor.product().equals(OURS) || settles.isNegative()) {
            return older();
        }
        return await(
                call,
                greeting,
                initiator,
                acceptor.id(),
                Optional.of(settles),
                () -> isOlder(acceptor) ? older() : away());
    }

    private boolean isOlder(Session edge) {
        return !watchers.watches(edge) && !watchers.watchedBefore(edge) && dialWatchers.watches(edge);
    }

    private static CompletionStage<Flow.Publisher<Buffer>> older() {
        return refused(ResetCode.NOT_OFFERED, "the other edge takes streams of the older kind only");
    }

    private static CompletionStage<Flow.Publisher<Buffer>> away() {
        return refused(ResetCode.NOT_ATTACHED, "the other edge is away");
    }

    private static CompletionStage<Flow.Publisher<Buffer>> refused(ResetCode code, String why) {
        return word(Frames.refused(code, why));
    }

    private static CompletionStage<Flow.Publisher<Buffer>> word(StreamFrame frame) {
        return CompletableFuture.completedFuture(Multi.createFrom().item(Messages.chunk(frame)));
    }

    private CompletionStage<Flow.Publisher<Buffer>> await(
            CarryCall call,
            StreamFrame greeting,
            String initiator,
            String acceptor,
            Optional<Duration> most,
            Supplier<CompletionStage<Flow.Publisher<Buffer>>> late) {
        long number = numbers.incrementAndGet();
        var answer = new CompletableFuture<Optional<CarryCall>>();
        waiting.put(number, new Waiting(acceptor, call, answer));
        call.passOn(greeting);
        answer.whenComplete((far, failure) -> {
            waiting.remove(number);
            if (far != null && far.isPresent()) {
                joined(new Joint(initiator, call, acceptor, far.get()));
            }
        });
        call.over().thenRun(() -> answer.complete(Optional.empty()));
        ask(number, acceptor);
        if (sessions.departed(acceptor)) {
            answer.completeExceptionally(new StillAway());
        } else if (!watchers.watches(acceptor)) {
            most.ifPresent(patience -> {
                var timeout = timer.after(patience, () -> {
                    if (!watchers.watches(acceptor)) {
                        answer.completeExceptionally(new StillAway());
                    }
                });
                answer.whenComplete((far, failure) -> timeout.cancel(false));
            });
        }
        return answer.<Flow.Publisher<Buffer>>thenApply(far -> far.<Flow.Publisher<Buffer>>map(one -> one)
                        .orElseGet(() -> Multi.createFrom().empty()))
                .exceptionallyCompose(away -> late.get());
    }

    /** Asks the acceptor for as long as the link waits. One that does not watch is asked when it does. */
    private void ask(long number, String acceptor) {
        watchers.tell(acceptor, request(number), () -> waiting.containsKey(number));
    }

    /** The acceptor did not come in time. */
    private static final class StillAway extends RuntimeException {
        @java.io.Serial
        private static final long serialVersionUID = 1L;

        StillAway() {
            super("the other edge is away", null, false, false);
        }
    }

    private static LinkRequest request(long number) {
        return LinkRequest.newBuilder().setLink(number).build();
    }

    private CompletionStage<Flow.Publisher<Buffer>> answered(CarryCall call, StreamFrame.Answer word, Session session) {
        Waiting link = waiting.get(word.getLink());
        if (link == null
                || !link.acceptor().equals(session.id())
                || !link.answer().complete(Optional.of(call))) {
            throw Status.NOT_FOUND.withDescription("nobody waits for that link").asRuntimeException();
        }
        return CompletableFuture.completedFuture(link.call());
    }

    private void joined(Joint joint) {
        joints.add(joint);
        links.increment();
        CompletableFuture.allOf(joint.near().over(), joint.far().over()).thenRun(() -> joints.remove(joint));
    }

    /** Nobody comes back from a session that its owner has ended. */
    private void sweep() {
        waiting.values().forEach(link -> {
            if (sessions.departed(link.acceptor())) {
                link.answer().completeExceptionally(new StillAway());
            }
        });
    }
}
