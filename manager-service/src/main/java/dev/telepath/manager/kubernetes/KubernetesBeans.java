package dev.telepath.manager.kubernetes;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.network.ClusterNetworks;
import dev.telepath.manager.security.AccessReviews;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.AgentSupply;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.StandaloneWorkloads;
import dev.telepath.manager.workload.WorkloadAccess;
import dev.telepath.manager.workload.WorkloadProvider;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import io.vertx.ext.web.Router;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Chooses where workloads come from: the cluster with {@code --kubernetes}, else the agents that attach. */
@Singleton
final class KubernetesBeans {
    private final StandaloneWorkloads standalone;
    private final Optional<Cluster> cluster;

    @Inject
    KubernetesBeans(
            ManagerSettings settings,
            Instance<KubernetesClient> client,
            Sessions sessions,
            Offers offers,
            StandaloneWorkloads standalone,
            Engagements engagements,
            Timer timer,
            MeterRegistry meters)
            throws IOException {
        this.standalone = standalone;
        this.cluster = settings.kubernetes().enabled()
                ? Optional.of(
                        new Cluster(settings, client.get(), sessions, offers, standalone, engagements, timer, meters))
                : Optional.empty();
    }

    @Produces
    @Singleton
    WorkloadProvider workloads() {
        return cluster.<WorkloadProvider>map(Cluster::workloads).orElse(standalone);
    }

    @Produces
    @Singleton
    AgentSupply supply() {
        return cluster.<AgentSupply>map(Cluster::supply).orElse(AgentSupply.NONE);
    }

    @Produces
    @Singleton
    ClusterNetworks networks() {
        return cluster.map(Cluster::networks).orElse(ClusterNetworks.NONE);
    }

    @Produces
    @Singleton
    WorkloadAccess access(ManagerSettings settings, Optional<AccessReviews> reviews) {
        return settings.kubernetes().access().equals("off")
                ? WorkloadAccess.ANYBODY
                : cluster.flatMap(one -> reviews.map(one::access)).orElse(WorkloadAccess.ANYBODY);
    }

    void route(@Observes Router router) {
        cluster.ifPresent(one -> one.route(router));
    }

    void start(@Observes StartupEvent event) {
        cluster.ifPresent(Cluster::start);
    }

    /** A replica that has not seen the cluster would leave pods without their agents. */
    @Produces
    @Singleton
    @Readiness
    HealthCheck synced() {
        return () -> HealthCheckResponse.named("cluster")
                .status(cluster.map(Cluster::synced).orElse(true))
                .build();
    }

    @PreDestroy
    void stop() {
        cluster.ifPresent(Cluster::close);
    }
}
