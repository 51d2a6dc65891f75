package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Waits until the manager's pods are those that were asked for and are ready. Made before the objects are applied. */
final class Rollout {
    private static final String NAME = "telepath-manager";
    private static final Duration PAUSE = Duration.ofMillis(500);
    /**
     * A refusal of the pods of before may still arrive; then a pod of now comes soon after. And an issuer that was made
     * just now may not be known to cert-manager.
     */
    private static final Duration CERTAIN = Duration.ofSeconds(3);

    private static final int LAST_LINES = 8;

    private final Requests requests;
    private final ClusterObjects objects;
    private final String namespace;
    private final boolean certificate;
    private final Set<String> old = new HashSet<>();

    /**
     * @param certificate whether cert-manager makes one for the manager
     */
    Rollout(Requests requests, ClusterObjects objects, String namespace, boolean certificate) {
        this.requests = requests;
        this.objects = objects;
        this.namespace = namespace;
        this.certificate = certificate;
        warnings().forEach(each -> old.add(identity(each)));
    }

    /**
     * @param said what goes on
     * @throws Failure the cause, as soon as there is one that does not mend itself
     */
    void await(Duration most, Consumer<String> said) {
        long end = System.nanoTime() + most.toNanos();
        long since = System.nanoTime();
        while (true) {
            JsonNode set = objects.get(new ObjectKey(ObjectKind.STATEFUL_SET, namespace, NAME))
                    .orElseThrow(() -> new Failure(
                            Kind.FAILED, "StatefulSet " + NAME + " was deleted meanwhile", "run the command again"));
            JsonNode status = set.path("status");
            boolean seen = status.path("observedGeneration").asLong()
                    >= set.path("metadata").path("generation").asLong();
            String revision = status.path("updateRevision").asText();
            if (seen && ready(set, revision)) {
                return;
            }
            List<JsonNode> pods = seen ? pods(revision) : List.of();
            Optional<Issuance> issuing = certificate ? issuance().filter(each -> !each.done()) : Optional.empty();
            Optional<Trouble> trouble = Trouble.of(
                            pods,
                            warnings().stream()
                                    .filter(each -> !old.contains(identity(each)))
                                    .filter(each -> concerns(each, set, pods))
                                    .filter(each -> !certificate || !Trouble.ofVolume(each))
                                    .toList())
                    .or(() -> issuing.flatMap(Issuance::trouble));
            if (trouble.isEmpty()) {
                since = System.nanoTime();
            } else if (!pods.isEmpty() && issuing.isEmpty() || System.nanoTime() - since > CERTAIN.toNanos()) {
                throw failure(trouble.get());
            }
            String at = issuing.map(Issuance::progress).orElseGet(() -> Trouble.progress(pods));
            said.accept(at);
            if (System.nanoTime() > end) {
                throw new Failure(
                        Kind.TIMED_OUT,
                        "the manager is not ready after " + most.toSeconds() + " s: " + at
                                + lastLines(NAME + "-0", false),
                        "kubectl -n " + namespace + " describe pods says more; --timeout gives it more time");
            }
            pause();
        }
    }

    static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }

    private boolean ready(JsonNode set, String revision) {
        int wanted = set.path("spec").path("replicas").asInt(1);
        JsonNode status = set.path("status");
        return status.path("readyReplicas").asInt() == wanted
                && status.path("replicas").asInt() == wanted
                && (wanted == 0 || status.path("updatedReplicas").asInt() == wanted)
                && (wanted == 0 || pods(revision).size() == wanted);
    }

    private Optional<Issuance> issuance() {
        return objects.get(new ObjectKey(ObjectKind.CERTIFICATE, namespace, NAME))
                .map(found -> new Issuance(
                        found,
                        objects.items("/apis/cert-manager.io/v1/namespaces/" + namespace + "/certificaterequests")));
    }

    /** Those of a revision that are not going. */
    private List<JsonNode> pods(String revision) {
        return objects
                .items("/api/v1/namespaces/" + namespace + "/pods?labelSelector="
                        + encoded("app.kubernetes.io/name=telepath,app.kubernetes.io/component=manager"))
                .stream()
                .filter(pod -> !pod.path("metadata").has("deletionTimestamp"))
                .filter(pod -> pod.path("metadata")
                        .path("labels")
                        .path("controller-revision-hash")
                        .asText()
                        .equals(revision))
                .toList();
    }

    private List<JsonNode> warnings() {
        return objects.items("/api/v1/namespaces/" + namespace + "/events?fieldSelector=" + encoded("type=Warning"));
    }

    /** An event that happens again has a higher count. */
    private static String identity(JsonNode event) {
        return event.path("metadata").path("uid").asText() + " "
                + event.path("metadata").path("resourceVersion").asText();
    }

    private static boolean concerns(JsonNode event, JsonNode set, List<JsonNode> pods) {
        String of = event.path("involvedObject").path("uid").asText();
        return of.equals(set.path("metadata").path("uid").asText())
                || pods.stream()
                        .anyMatch(pod ->
                                of.equals(pod.path("metadata").path("uid").asText()));
    }

    private Failure failure(Trouble trouble) {
        String lines = trouble.crashed().isEmpty() ? "" : lastLines(trouble.crashed(), true);
        return new Failure(Kind.FAILED, trouble.cause() + lines, trouble.hint());
    }

    /** The log's end, on lines of its own; empty where there is none. */
    private String lastLines(String pod, boolean previous) {
        Requests.Answer log = requests.get("/api/v1/namespaces/" + namespace + "/pods/" + pod + "/log?tailLines="
                + LAST_LINES + "&limitBytes=4000" + (previous ? "&previous=true" : ""));
        if (!log.done() || log.text().isBlank()) {
            return "";
        }
        return ":\n  " + String.join("\n  ", log.text().strip().lines().toList());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
