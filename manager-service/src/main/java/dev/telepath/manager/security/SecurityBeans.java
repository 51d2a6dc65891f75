package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.ManagerSettings.KubernetesSettings;
import dev.telepath.manager.settings.Timer;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Opens the installation for the server, and the way to the API server where there is one. */
@Singleton
final class SecurityBeans {
    private static final Logger LOG = Logger.getLogger(SecurityBeans.class);
    private static final Path ACCOUNT_TOKEN = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/token");

    @Produces
    @Singleton
    Tokens tokens(ManagerSettings settings, Timer timer) throws IOException {
        return Installation.open(settings, timer.clock()).tokens();
    }

    /** Empty where the API server is not asked who is who. */
    @Produces
    @Singleton
    Optional<ApiReviews> reviews(ManagerSettings settings, Timer timer, MeterRegistry meters) {
        KubernetesSettings kubernetes = settings.kubernetes();
        boolean inPod = Files.isReadable(ACCOUNT_TOKEN);
        if (kubernetes.identity().equals("off") || kubernetes.identity().equals("auto") && !inPod) {
            return Optional.empty();
        }
        KubernetesClient client = ApiTokenReviews.connect(kubernetes.reviewTimeout());
        var source = new ApiAccessReviews(client);
        var tokens = new ReviewCache(
                new ClientAccounts(
                        new ApiTokenReviews(client),
                        source,
                        ServerNames.namespace(settings),
                        kubernetes.clientAccount()),
                new ReviewCache.Limits(
                        kubernetes.reviewKeep(),
                        kubernetes.reviewStale(),
                        kubernetes.reviewsMax(),
                        kubernetes.reviewsPending()),
                timer.clock(),
                question -> Thread.ofVirtual().name("token-review").start(question),
                result -> meters.counter("telepath.token.reviews", "result", result)
                        .increment());
        Gauge.builder("telepath.token.reviews.known", tokens, ReviewCache::size).register(meters);
        Gauge.builder("telepath.token.reviews.pending", tokens, ReviewCache::asking)
                .register(meters);
        var access = new AccessReviews(
                source,
                new AccessReviews.Limits(kubernetes.accessKeep(), kubernetes.reviewsMax(), kubernetes.reviewsPending()),
                timer.clock(),
                question -> Thread.ofVirtual().name("access-review").start(question),
                result -> meters.counter("telepath.access.reviews", "result", result)
                        .increment());
        return Optional.of(new ApiReviews(tokens, access));
    }

    /** What the API server is asked. */
    record ApiReviews(ReviewCache tokens, AccessReviews access) {}

    @Produces
    @Singleton
    Optional<AccessReviews> access(Optional<ApiReviews> reviews) {
        return reviews.map(ApiReviews::access);
    }

    @Produces
    @Singleton
    Optional<KubernetesIdentity> identity(Optional<ApiReviews> reviews, ManagerSettings settings) {
        String account = settings.kubernetes().clientAccount();
        return reviews.map(asked -> {
            String namespace = ServerNames.namespace(settings);
            LOG.infof("tokens of the API server accepted namespace=%s clientAccount=%s", namespace, account);
            return new KubernetesIdentity(asked.tokens(), namespace, account);
        });
    }
}
