package dev.telepath.agent.attach;

import com.google.protobuf.Empty;
import dev.telepath.agent.engage.Engagements;
import dev.telepath.agent.engage.Engagements.Waiting;
import dev.telepath.agent.engage.Review;
import dev.telepath.protocol.telepresence.manager.DNSAgentResponse;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DialRequest;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptInfoSnapshot;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.RemainRequest;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.telepresence.manager.TunnelMetrics;
import dev.telepath.tunnel.capability.Capabilities.Support;
import dev.telepath.tunnel.capability.Capability;
import dev.telepath.tunnel.filter.SpecFilter;
import dev.telepath.tunnel.frame.ConnectionId;
import dev.telepath.tunnel.frame.MalformedFrame;
import dev.telepath.tunnel.reconnect.Loss;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * What goes on in one session: watches, signs of life, reviews and reports, from arrival until the first of them fails.
 * Confined to the attachment's event loop.
 */
final class Watches {
    private static final Logger LOG = Logger.getLogger(Watches.class);
    private static final Duration REVIEW_RETRY = Duration.ofSeconds(1);

    /** News of intercepts, whole or partial. */
    private record News(boolean whole, Map<String, InterceptInfo> upserts, List<String> removals) {}

    private final ManagerSession session;
    private final Interests interests;
    private final Engagements engagements;
    private final InetAddress address;
    private final Rhythm rhythm;
    private final EventLoop loop;
    private final LogLevel logLevel;
    private final Consumer<Loss> lost;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>();
    private boolean ended;
    private boolean reconciled;
    private boolean remaining;

    /**
     * @param lost called once, on the event loop
     */
    Watches(
            ManagerSession session,
            Interests interests,
            InetAddress address,
            Rhythm rhythm,
            EventLoop loop,
            LogLevel logLevel,
            Consumer<Loss> lost) {
        this.session = session;
        this.interests = interests;
        this.engagements = interests.engagements();
        this.address = address;
        this.rhythm = rhythm;
        this.loop = loop;
        this.logLevel = logLevel;
        this.lost = lost;
    }

    void start() {
        engagements.reviewAllAgain();
        var info = session.info();
        var peer = session.capabilities();
        watch(
                peer.watch(
                        Capability.DELTAS,
                        () -> session.watches()
                                .watchInterceptsDelta(info)
                                .map(delta -> new News(false, delta.getUpsertsMap(), delta.getRemovalsList())),
                        () -> session.watches().watchIntercepts(info).map(Watches::snapshot)),
                this::intercepts);
        streams();
        watch(
                peer.watch(
                        Capability.WATCH_DIAL,
                        () -> session.watches().watchDial(info),
                        () -> Multi.createFrom().nothing()),
                this::dial);
        watch(
                peer.watch(
                        Capability.WATCH_LOOKUP_DNS,
                        () -> session.watches().watchLookupDNS(info),
                        () -> Multi.createFrom().nothing()),
                this::lookUp);
        // Its loss alone is no loss of the session: the other watches tell of that.
        session.watches()
                .watchLogLevel(Empty.getDefaultInstance())
                .subscribe()
                .with(
                        level -> onLoop(() -> logLevel.set(level)),
                        failure -> LOG.debugf("log level watch ended cause=\"%s\"", failure.getMessage()));
        every(rhythm.remain(), this::remain);
        every(rhythm.report(), this::report);
        timers.add(loop.schedule(this::forgetUnconfirmed, rhythm.grace().toMillis(), TimeUnit.MILLISECONDS));
    }

    private void streams() {
        if (session.capabilities().of(Capability.RESUMABLE_STREAMS) != Support.SUPPORTED) {
            interests.streams().attachedWithout();
            return;
        }
        watch(session.links(interests.streams().run()), interests.streams()::requested);
        interests.streams().attached(session.carrier(), session.info().getSessionId());
        if (session.capabilities().of(Capability.DIRECT_LINKS) == Support.SUPPORTED) {
            interests.direct().attached(session.direct(), address);
        }
    }

    void end() {
        ended = true;
        interests.streams().detached();
        interests.direct().detached();
        session.endWatches();
        timers.forEach(timer -> timer.cancel(false));
    }

    private <T> void watch(Multi<T> items, Consumer<T> handler) {
        items.subscribe()
                .with(
                        item -> onLoop(() -> handler.accept(item)),
                        failure -> onLoop(() -> lose(Loss.of(failure))),
                        () -> onLoop(() -> lose(Loss.ended("a watch"))));
    }

    private void onLoop(Runnable task) {
        Runnable guarded = () -> {
            if (!ended) {
                task.run();
            }
        };
        if (loop.inEventLoop()) {
            guarded.run();
        } else {
            loop.execute(guarded);
        }
    }

    private void every(Duration period, Runnable task) {
        timers.add(loop.scheduleAtFixedRate(task, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void lose(Loss loss) {
        if (!ended) {
            end();
            lost.accept(loss);
        }
    }

    private static News snapshot(InterceptInfoSnapshot all) {
        var byId = new HashMap<String, InterceptInfo>();
        all.getInterceptsList().forEach(info -> byId.put(info.getId(), info));
        return new News(true, byId, List.of());
    }

    private void intercepts(News news) {
        // The first news of a watch is the whole truth in either form.
        if (news.whole() || !reconciled) {
            engagements.replace(news.upserts().values());
        } else {
            engagements.change(news.upserts(), news.removals());
        }
        reconciled = true;
        interests.direct().engaged(engagements.isEngaged());
        review();
    }

    /** A manager that sends no first delta when there is nothing to tell. */
    private void forgetUnconfirmed() {
        if (!reconciled && !ended) {
            reconciled = true;
            engagements.clear();
        }
    }

    private void review() {
        for (Waiting waiting : engagements.waiting()) {
            send(waiting);
        }
    }

    private void send(Waiting waiting) {
        String id = waiting.info().getId();
        var request =
                ReviewInterceptRequest.newBuilder().setSession(session.info()).setId(id);
        switch (waiting.review()) {
            case Review.Accept accept -> {
                request.setDisposition(InterceptDispositionType.ACTIVE)
                        .setPodIp(address.getHostAddress())
                        .setMechanismArgsDesc(described(waiting.info().getSpec()))
                        .putAllEnvironment(engagements.workload().environment());
                interests.self().tellFiles(request);
            }
            case Review.Refuse(String message) -> {
                request.setDisposition(InterceptDispositionType.AGENT_ERROR).setMessage(message);
                LOG.infof("intercept refused id=%s cause=\"%s\"", id, message);
            }
        }
        session.calls()
                .reviewIntercept(request.build())
                .subscribe()
                .with(done -> {}, failure -> onLoop(() -> reviewFailed(id, failure)));
    }

    private static String described(InterceptSpec spec) {
        return SpecFilter.isSet(spec) ? "HTTP requests: " + SpecFilter.of(spec).describe() : "all TCP connections";
    }

    private void reviewFailed(String id, Throwable failure) {
        if (failure instanceof StatusRuntimeException status
                && status.getStatus().getCode() == Status.Code.NOT_FOUND) {
            return;
        }
        LOG.debugf("review not delivered id=%s cause=\"%s\"", id, failure.getMessage());
        engagements.reviewAgain(id);
        timers.removeIf(ScheduledFuture::isDone);
        timers.add(loop.schedule(this::review, REVIEW_RETRY.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void dial(DialRequest request) {
        ConnectionId id;
        try {
            id = new ConnectionId(request.getConnId());
        } catch (MalformedFrame e) {
            LOG.debugf("dial request without a stream cause=\"%s\"", e.getMessage());
            return;
        }
        Duration latency = Duration.ofNanos(Math.max(0, request.getRoundtripLatency()));
        Duration timeout = Duration.ofNanos(Math.max(0, request.getDialTimeout()));
        interests.dials().answer(session.answer(id, latency, timeout), id, timeout, "");
    }

    private void lookUp(DNSRequest request) {
        interests
                .names()
                .answer(request)
                .thenAccept(answer -> onLoop(() -> session.calls()
                        .agentLookupDNSResponse(DNSAgentResponse.newBuilder()
                                .setSession(session.info())
                                .setRequest(request)
                                .setResponse(answer)
                                .build())
                        .subscribe()
                        .with(
                                done -> {},
                                failure -> LOG.debugf(
                                        "look-up answer not delivered cause=\"%s\"", failure.getMessage()))));
    }

    private void remain() {
        if (remaining) {
            return;
        }
        remaining = true;
        session.calls()
                .remain(RemainRequest.newBuilder().setSession(session.info()).build())
                .subscribe()
                .with(done -> onLoop(() -> remaining = false), failure -> onLoop(() -> lose(Loss.of(failure))));
    }

    /** One call for each client session that had traffic; what could not be delivered is not repeated. */
    private void report() {
        interests
                .traffic()
                .drain()
                .forEach((client, volume) -> session.capabilities()
                        .call(
                                Capability.REPORT_METRICS,
                                () -> session.calls()
                                        .reportMetrics(TunnelMetrics.newBuilder()
                                                .setClientSessionId(client)
                                                .setIngressBytes(volume.ingress())
                                                .setEgressBytes(volume.egress())
                                                .build()),
                                () -> Uni.createFrom().item(Empty.getDefaultInstance()))
                        .subscribe()
                        .with(done -> {}, failure -> {
                            interests.metrics().reportFailed();
                            LOG.debugf("traffic report not delivered cause=\"%s\"", failure.getMessage());
                        }));
    }
}
