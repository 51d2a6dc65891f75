package dev.telepath.manager.security;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Asks the API server by TokenReview, as the manager's own service account. */
final class ApiTokenReviews implements TokenReviews {
    /** What a token must have been made for. */
    static final String AUDIENCE = "telepath";

    private final KubernetesClient client;

    ApiTokenReviews(KubernetesClient client) {
        this.client = client;
    }

    /** A client of the API server that gives up in that time, and tries nothing twice. */
    static KubernetesClient connect(Duration timeout) {
        Config config = Config.autoConfigure(null);
        config.setRequestTimeout((int) timeout.toMillis());
        config.setConnectionTimeout((int) timeout.toMillis());
        config.setRequestRetryBackoffLimit(0);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    @Override
    public Answer review(String token) throws Unavailable {
        TokenReview asked = new TokenReviewBuilder()
                .withNewSpec()
                .withToken(token)
                .withAudiences(AUDIENCE)
                .endSpec()
                .build();
        try {
            TokenReview answer = client.resource(asked).create();
            TokenReviewStatus status = answer.getStatus();
            if (status == null
                    || !Boolean.TRUE.equals(status.getAuthenticated())
                    || !status.getAudiences().contains(AUDIENCE)) {
                return new Answer.Unknown(status == null || status.getError() == null ? "" : status.getError());
            }
            var user = status.getUser();
            return new Answer.Vouched(
                    new Principal.Account(
                            Objects.requireNonNullElse(user.getUsername(), ""),
                            Objects.requireNonNullElse(user.getGroups(), List.of()),
                            Objects.requireNonNullElse(user.getUid(), "")),
                    Objects.requireNonNullElse(user.getExtra(), Map.of()),
                    false);
        } catch (KubernetesClientException e) {
            String why = e.getCode() == 403
                    ? "the manager may not create tokenreviews (ClusterRole system:auth-delegator)"
                    : "the API server does not answer";
            throw new Unavailable(why, e);
        }
    }
}
