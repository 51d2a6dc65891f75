package dev.telepath.manager.security;

import dev.telepath.manager.security.Principal.Account;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;

/** Asks the API server by SubjectAccessReview, as the manager's own service account. */
final class ApiAccessReviews implements AccessReviews.Source {
    private final KubernetesClient client;

    ApiAccessReviews(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public boolean allowed(Account who, AccessReviews.Right what) throws TokenReviews.Unavailable {
        String[] resource = what.resource().split("/", 2);
        SubjectAccessReview asked = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(who.user())
                .withGroups(who.groups())
                .withUid(who.uid().isEmpty() ? null : who.uid())
                .withNewResourceAttributes()
                .withVerb(what.verb())
                .withGroup(what.group())
                .withResource(resource[0])
                .withSubresource(resource.length > 1 ? resource[1] : null)
                .withNamespace(what.namespace())
                .withName(what.name())
                .endResourceAttributes()
                .endSpec()
                .build();
        try {
            SubjectAccessReview answer = client.resource(asked).create();
            return answer.getStatus() != null
                    && Boolean.TRUE.equals(answer.getStatus().getAllowed());
        } catch (KubernetesClientException e) {
            throw new TokenReviews.Unavailable(
                    e.getCode() == HttpURLConnection.HTTP_FORBIDDEN
                            ? "the manager may not create subjectaccessreviews (ClusterRole system:auth-delegator)"
                            : "it does not answer",
                    e);
        }
    }
}
