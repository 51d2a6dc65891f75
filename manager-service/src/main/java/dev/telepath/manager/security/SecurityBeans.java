package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.ManagerSettings.KubernetesSettings;
import dev.telepath.manager.settings.Timer;
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

    @Produces
    @Singleton
    Optional<KubernetesIdentity> kubernetes(ManagerSettings settings, Timer timer, MeterRegistry meters) {
        KubernetesSettings kubernetes = settings.kubernetes();
        boolean inPod = Files.isReadable(ACCOUNT_TOKEN);
        if (kubernetes.identity().equals("off") || kubernetes.identity().equals("auto") && !inPod) {
            return Optional.empty();
        }
        String namespace = ServerNames.namespace(settings);
        var reviews = new ReviewCache(
                ApiTokenReviews.open(kubernetes.reviewTimeout()),
                new ReviewCache.Limits(
                        kubernetes.reviewKeep(),
                        kubernetes.reviewStale(),
                        kubernetes.reviewsMax(),
                        kubernetes.reviewsPending()),
                timer.clock(),
                question -> Thread.ofVirtual().name("token-review").start(question),
                result -> meters.counter("telepath.token.reviews", "result", result)
                        .increment());
        Gauge.builder("telepath.token.reviews.known", reviews, ReviewCache::size)
                .register(meters);
        Gauge.builder("telepath.token.reviews.pending", reviews, ReviewCache::asking)
                .register(meters);
        LOG.infof(
                "tokens of the API server accepted namespace=%s clientAccount=%s",
                namespace, kubernetes.clientAccount());
        return Optional.of(new KubernetesIdentity(reviews, namespace, kubernetes.clientAccount()));
    }
}
