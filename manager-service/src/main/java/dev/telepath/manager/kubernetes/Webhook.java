package dev.telepath.manager.kubernetes;

import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.demand.DesiredAgents;
import dev.telepath.manager.kubernetes.injection.Admission;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.kubernetes.injection.Owners;
import dev.telepath.manager.kubernetes.injection.Target;
import dev.telepath.manager.kubernetes.injection.Verdict;
import dev.telepath.manager.session.WorkloadKey;
import io.fabric8.kubernetes.api.model.Pod;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/** {@code POST /inject}: the API server asks about each new pod. Judges on a worker thread. Thread-safe. */
final class Webhook {
    private static final Logger LOG = Logger.getLogger(Webhook.class);
    private static final int MOST_REMEMBERED = 1000;
    private static final int BAD_REQUEST = 400;
    private static final int TOO_LARGE = 413;

    private final ClusterView cluster;
    private final DesiredAgents desired;
    private final Injector injector;
    private final Admission admission;
    private final MeterRegistry meters;
    private final InstantSource clock;
    private final Map<WorkloadKey, Left> left = new LinkedHashMap<>();

    /** A pod that was left as it is: why, and when that was decided. */
    private record Left(String why, Instant at) {}

    Webhook(
            ClusterView cluster,
            DesiredAgents desired,
            Injector injector,
            Admission admission,
            MeterRegistry meters,
            InstantSource clock) {
        this.cluster = cluster;
        this.desired = desired;
        this.injector = injector;
        this.admission = admission;
        this.meters = meters;
        this.clock = clock;
    }

    void route(Router router) {
        router.post("/inject").handler(context -> {
            HttpServerRequest request = context.request();
            Buffer body = Buffer.buffer();
            request.handler(part -> {
                if (body.length() + part.length() > Admission.MOST_BYTES) {
                    request.handler(null);
                    context.response().setStatusCode(TOO_LARGE).end();
                } else {
                    body.appendBuffer(part);
                }
            });
            request.endHandler(end -> {
                if (context.response().ended()) {
                    return;
                }
                context.vertx()
                        .executeBlocking(() -> admission.review(body.toString(), this::judge), false)
                        .onComplete(
                                answer -> context.response()
                                        .putHeader("content-type", "application/json")
                                        .end(answer),
                                failure -> context.response()
                                        .setStatusCode(BAD_REQUEST)
                                        .end("no AdmissionReview: " + failure.getMessage()));
            });
            request.resume();
        });
    }

    private Verdict judge(Pod pod, String namespace) {
        Optional<Target> owner = Owners.of(pod, namespace);
        if (owner.isEmpty()) {
            return counted(new Verdict.Leave("it belongs to no workload"));
        }
        Target target = owner.get();
        var key = new WorkloadKey(namespace, target.name());
        Verdict verdict;
        if (!cluster.managed(namespace)) {
            verdict = new Verdict.Leave("namespace " + namespace + " is not managed by this manager");
        } else if (!cluster.synced()) {
            verdict = new Verdict.Leave("the manager has not seen the cluster's Services yet");
        } else {
            verdict = injector.decide(
                    pod,
                    target,
                    cluster.services(namespace),
                    cluster.podSecurity(namespace),
                    desired.wants(key),
                    desired.replacement(key));
        }
        switch (verdict) {
            case Verdict.Leave(String why) -> remember(key, why);
            case Verdict.Inject inject ->
                LOG.infof(
                        "agent injected workload=%s namespace=%s kind=%s warnings=\"%s\"",
                        target.name(), namespace, target.kind(), String.join("; ", inject.warnings()));
        }
        return counted(verdict);
    }

    private Verdict counted(Verdict verdict) {
        String result = verdict instanceof Verdict.Inject ? "injected" : "left";
        meters.counter("telepath.injections", "result", result).increment();
        return verdict;
    }

    private void remember(WorkloadKey key, String why) {
        synchronized (left) {
            left.remove(key);
            left.put(key, new Left(why, clock.instant()));
            if (left.size() > MOST_REMEMBERED) {
                left.remove(left.keySet().iterator().next());
            }
        }
    }

    /** Why the newest pod of the workload got no agent; empty when none was seen since then. */
    Optional<String> whyLeft(WorkloadKey key, Instant since) {
        synchronized (left) {
            return Optional.ofNullable(left.get(key))
                    .filter(one -> !one.at().isBefore(since))
                    .map(Left::why);
        }
    }
}
