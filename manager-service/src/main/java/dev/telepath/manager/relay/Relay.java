package dev.telepath.manager.relay;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.relay.StreamMeter.Result;
import dev.telepath.manager.security.Principal;
import dev.telepath.manager.session.AgentSession;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Draining;
import dev.telepath.manager.session.Session;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.Frame;
import dev.telepath.tunnel.stream.StreamFailure;
import dev.telepath.tunnel.stream.TunnelCall;
import io.grpc.Status;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * Takes the {@code Tunnel} calls of edges and joins them in pairs.
 *
 * <pre>
 *   intercepted:  agent calls, names a client ─► DialRequest to the client ─► client calls back ─► joined
 *   outbound:     client calls ─► DialRequest to an agent ─► agent calls back ─► joined
 *                              └► no agent: the manager dials ─► joined with the socket; never where the client
 *                                 wants agents of one workload
 * </pre>
 *
 * Holds no bytes: each call pulls from the other. Thread-safe.
 */
@Singleton
public final class Relay {
    private static final Logger LOG = Logger.getLogger(Relay.class);

    private final Sessions sessions;
    private final Draining draining;
    private final Engagements engagements;
    private final DialWatchers watchers;
    private final DialerChoice choice;
    private final ViaWorkload via;
    private final OwnDialer own;
    private final StreamMeter meter;
    private final ManagerSettings.StreamSettings settings;
    private final Rendezvous<TunnelCall> rendezvous;

    @Inject
    Relay(
            Sessions sessions,
            Draining draining,
            Engagements engagements,
            DialWatchers watchers,
            DialerChoice choice,
            ViaWorkload via,
            OwnDialer own,
            StreamMeter meter,
            ManagerSettings settings,
            Timer timer) {
        this.sessions = sessions;
        this.draining = draining;
        this.engagements = engagements;
        this.watchers = watchers;
        this.choice = choice;
        this.via = via;
        this.own = own;
        this.meter = meter;
        this.settings = settings.streams();
        this.rendezvous = new Rendezvous<>(timer, settings.streams().lateAnswer());
        sessions.changes().listen(rendezvous::sweep);
    }

    /** Streams that wait for the answer of a dial request. */
    public int waiting() {
        return rendezvous.waiting();
    }

    /** The sessions that joined streams belong to. */
    public Set<String> sessions() {
        return meter.sessions();
    }

    /** Resets all that are joined: the manager ends. */
    public void endAll() {
        meter.endAll(new StreamFailure.Reset("the manager ends"));
    }

    /** Streams that are joined. */
    public int open() {
        return meter.open();
    }

    /**
     * Takes a call.
     *
     * @throws io.grpc.StatusRuntimeException when the session is unknown or another's
     */
    void accept(TunnelCall call, Principal caller, Credit credit) {
        Session session = sessions.own(caller, call.info().sessionId());
        if (draining.begun()) {
            call.refuse(Draining.refusal());
            return;
        }
        switch (rendezvous.answer(call.info().id(), session, call)) {
            case JOINED -> {}
            case LATE ->
                call.refuse(Status.DEADLINE_EXCEEDED.withDescription("the answer to the dial request came too late"));
            case NEW -> {
                switch (session) {
                    case AgentSession agent ->
                        call.session().whenComplete((client, failure) -> {
                            if (failure == null) {
                                intercepted(call, agent, client);
                            } else {
                                call.fail(StreamFailure.of(failure));
                            }
                        });
                    case ClientSession client -> outbound(call, client, credit);
                }
            }
        }
    }

    private void intercepted(TunnelCall call, AgentSession agent, String clientId) {
        ClientSession client = sessions.clients().stream()
                .filter(one -> one.id().equals(clientId))
                .findFirst()
                .orElse(null);
        if (client == null) {
            meter.count(Result.NO_WATCHER);
            call.refuse(Status.UNAVAILABLE.withDescription("the client is not attached any more"));
            return;
        }
        if (!engagements.active(client, agent.workload())) {
            meter.count(Result.REFUSED);
            call.refuse(Status.PERMISSION_DENIED.withDescription(
                    "the client does not intercept workload " + agent.workload()));
            return;
        }
        Duration most = patience(call.info());
        if (!watchers.watches(client)) {
            meter.count(Result.NO_WATCHER);
            call.refuse(Status.UNAVAILABLE.withDescription("the client does not take connections now"));
            return;
        }
        CompletionStage<TunnelCall> answer = rendezvous.await(call.info().id(), client, most);
        if (!watchers.ask(client, request(call.info()))) {
            rendezvous.giveUp(answer, "the client does not take connections now");
        }
        call.closed().thenRun(() -> rendezvous.giveUp(answer, "the agent's call ended"));
        answer.whenComplete((other, failure) -> {
            if (failure == null) {
                meter.join(other, call);
            } else if (failure instanceof TimeoutException) {
                meter.count(Result.TIMED_OUT);
                call.refuse(
                        Status.DEADLINE_EXCEEDED.withDescription("the client did not answer: " + failure.getMessage()));
            } else {
                meter.count(Result.NO_WATCHER);
                call.refuse(Status.UNAVAILABLE.withDescription(failure.getMessage()));
            }
        });
    }

    private void outbound(TunnelCall call, ClientSession client, Credit credit) {
        ConnectionId id = call.info().id();
        if (id.isZero()) {
            call.fail(new StreamFailure.DialRefused("a signalling stream has no destination"));
            return;
        }
        String workload = call.info().via();
        if (workload.isEmpty()) {
            byAgent(call, choice.of(client, id.destinationAddress()).iterator(), () -> byManager(call, credit));
            return;
        }
        via.agents(client, workload, id, agent -> false).whenComplete((agents, failure) -> {
            if (failure == null) {
                byAgent(call, agents.iterator(), () -> refuse(call, ViaWorkload.none(client, workload)));
            } else {
                refuse(call, String.valueOf(StreamFailure.of(failure).getMessage()));
            }
        });
    }

    private void refuse(TunnelCall call, String why) {
        meter.count(Result.REFUSED);
        call.refuse(Status.UNAVAILABLE.withDescription(why));
    }

    /**
     * @param none what is done when no agent takes the request
     */
    private void byAgent(TunnelCall call, Iterator<AgentSession> agents, Runnable none) {
        if (!agents.hasNext()) {
            none.run();
            return;
        }
        AgentSession agent = agents.next();
        ConnectionId id = call.info().id();
        CompletionStage<TunnelCall> answer = rendezvous.await(id, agent, patience(call.info()));
        if (!watchers.ask(agent, request(call.info()))) {
            rendezvous.giveUp(answer, "the agent does not take requests now");
            byAgent(call, agents, none);
            return;
        }
        call.closed().thenRun(() -> rendezvous.giveUp(answer, "the client's call ended"));
        answer.whenComplete((other, failure) -> {
            if (failure == null) {
                meter.join(call, other);
            } else {
                LOG.debugf("dial request not answered stream=%s cause=%s", id, failure.getMessage());
                meter.count(Result.TIMED_OUT);
                call.fail(new StreamFailure.DialTimedOut(
                        "agent of workload " + agent.workload() + ": " + failure.getMessage()));
            }
        });
    }

    private void byManager(TunnelCall call, Credit credit) {
        own.dial(call.info().id(), dialTimeout(call.info()), credit).whenComplete((end, failure) -> {
            if (failure == null) {
                meter.join(call, end);
            } else {
                meter.count(Result.REFUSED);
                call.fail(StreamFailure.of(failure));
            }
        });
    }

    private DialRequest request(Frame.StreamInfo info) {
        return DialRequest.newBuilder()
                .setConnId(info.id().bytes())
                .setRoundtripLatency(info.roundtripLatency().toNanos())
                .setDialTimeout(dialTimeout(info).toNanos())
                .build();
    }

    private Duration dialTimeout(Frame.StreamInfo info) {
        Duration asked = info.dialTimeout();
        return asked.isZero() || asked.compareTo(settings.dialTimeout()) > 0 ? settings.dialTimeout() : asked;
    }

    private Duration patience(Frame.StreamInfo info) {
        Duration latency = info.roundtripLatency().compareTo(settings.dialTimeout()) > 0
                ? settings.dialTimeout()
                : info.roundtripLatency();
        return dialTimeout(info).plus(latency);
    }
}
