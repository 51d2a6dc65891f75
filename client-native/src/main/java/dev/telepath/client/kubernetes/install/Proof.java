package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Manifests;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import dev.telepath.client.kubernetes.ClusterWay;
import dev.telepath.client.kubernetes.KubeOptions;
import dev.telepath.client.session.Greeting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;

/** Shows that a manager that is ready works: by a call of its own protocol, and by one as the API server makes it. */
final class Proof {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Requests requests;
    private final ClusterObjects objects;
    private final String namespace;

    Proof(Requests requests, ClusterObjects objects, String namespace) {
        this.requests = requests;
        this.objects = objects;
        this.namespace = namespace;
    }

    /**
     * Calls the manager through a port-forward of the API server, the way that is there for every client.
     *
     * @return what answered, e.g. {@code Telepath manager 0.1.0}
     */
    String answers(KubeOptions options, Settings settings) {
        return retried(() -> {
            Settings forward = settings.over(Map.of(Setting.KUBERNETES_TRANSPORT, Settings.PORT_FORWARD));
            var way = ClusterWay.find(
                            options, forward, namespace, "", UUID.randomUUID().toString())
                    .way();
            try {
                return Greeting.of(way, settings.duration(Setting.TIMEOUT_CALL)).manager();
            } catch (Failure failure) {
                throw way.explain(failure);
            }
        });
    }

    /**
     * Sees that the webhook's configuration has the manager's CA, and has the API server put a question to it.
     *
     * @return what was seen, for people
     */
    String webhook() {
        retried(() -> {
            String trusted = hook().path("webhooks")
                    .path(0)
                    .path("clientConfig")
                    .path("caBundle")
                    .asText();
            String own = objects.get(new ObjectKey(ObjectKind.CONFIG_MAP, namespace, "telepath-manager"))
                    .map(each -> each.path("data").path("ca.crt").asText())
                    .orElse("");
            String bundle = new String(Base64.getDecoder().decode(trusted), StandardCharsets.UTF_8);
            if (trusted.isEmpty() || !bundle.strip().equals(own.strip())) {
                throw new Failure(
                        Kind.FAILED,
                        "the webhook does not have the manager's CA, so that no agent would be injected",
                        "kubectl -n " + namespace + " logs telepath-manager-0 says why");
            }
            return trusted;
        });
        return retried(this::asked);
    }

    private JsonNode hook() {
        return objects.get(new ObjectKey(ObjectKind.WEBHOOK, "", Manifests.clusterName(namespace)))
                .orElseThrow(() -> new Failure(Kind.FAILED, "the webhook's configuration is gone", "tp upgrade"));
    }

    private String asked() {
        String uid = UUID.randomUUID().toString();
        ObjectNode review = JsonNodeFactory.instance.objectNode();
        review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
        review.putObject("request").put("uid", uid).put("namespace", namespace).put("operation", "CONNECT");
        Requests.Answer answer = requests.create(
                "/api/v1/namespaces/" + namespace + "/services/https:telepath-manager:api/proxy/inject", review);
        if (answer.forbidden()) {
            return "it has the manager's CA; it was not asked, for want of the right to create services/proxy";
        }
        JsonNode response = answer.json().path("response");
        if (!response.path("uid").asText().equals(uid)
                || !response.path("allowed").asBoolean()) {
            throw new Failure(
                    Kind.FAILED,
                    "the API server does not get an answer from the webhook (" + answer.code() + "): "
                            + answer.message(),
                    "it has to reach the manager's pods: a firewall or NetworkPolicy may be in the way, or the cluster"
                            + " needs hostNetwork=true");
        }
        return "it answers the API server";
    }

    private interface Try<T> {
        T once();
    }

    /** What has just become ready may not be known everywhere yet. */
    private static <T> T retried(Try<T> attempt) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                return attempt.once();
            } catch (Failure failure) {
                if (failure.kind() == Kind.DENIED || failure.kind() == Kind.INTERRUPTED || System.nanoTime() > end) {
                    throw failure;
                }
            }
            Rollout.pause();
        }
    }
}
