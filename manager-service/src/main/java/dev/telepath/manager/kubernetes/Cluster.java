package dev.telepath.manager.kubernetes;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.kubernetes.cluster.ClusterView;
import dev.telepath.manager.kubernetes.cluster.ClusterWorkload;
import dev.telepath.manager.kubernetes.cluster.ManagedNamespaces;
import dev.telepath.manager.kubernetes.demand.DesiredAgents;
import dev.telepath.manager.kubernetes.demand.IdleAgents;
import dev.telepath.manager.kubernetes.demand.OnDemandAgents;
import dev.telepath.manager.kubernetes.demand.ReplacedContainers;
import dev.telepath.manager.kubernetes.injection.Admission;
import dev.telepath.manager.kubernetes.injection.InjectionSettings;
import dev.telepath.manager.kubernetes.injection.Injector;
import dev.telepath.manager.kubernetes.injection.MountPolicies;
import dev.telepath.manager.kubernetes.network.ClusterRanges;
import dev.telepath.manager.kubernetes.network.NameServer;
import dev.telepath.manager.network.ClusterNetworks;
import dev.telepath.manager.network.Subnet;
import dev.telepath.manager.security.AccessReviews;
import dev.telepath.manager.security.Installation;
import dev.telepath.manager.security.ServerNames;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.Timer;
import dev.telepath.manager.workload.Offers;
import dev.telepath.manager.workload.StandaloneWorkloads;
import dev.telepath.manager.workload.WorkloadAccess;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jboss.logging.Logger;

/** All of Kubernetes in this manager, put together. Made and started only with {@code --kubernetes}. */
final class Cluster implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Cluster.class);
    private static final String CONFIG_MAP = "telepath-agents";

    private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
    private final ClusterView view;
    private final ClusterRanges networks;
    private final KubernetesWorkloads workloads;
    private final DesiredAgents desired;
    private final OnDemandAgents supply;
    private final IdleAgents idle;
    private final ReplacedContainers replaced;
    private final Registration registration;
    private final Webhook webhook;

    Cluster(
            ManagerSettings settings,
            KubernetesClient client,
            Sessions sessions,
            Offers offers,
            StandaloneWorkloads others,
            Engagements engagements,
            Timer timer,
            MeterRegistry meters)
            throws IOException {
        String namespace = ServerNames.namespace(settings);
        Path data = Path.of(settings.dataDir());
        view = new ClusterView(client, managed(settings.kubernetes()));
        networks = new ClusterRanges(client, view, ways(settings.kubernetes()), NameServer.ofThisPod());
        workloads = new KubernetesWorkloads(view, others, sessions, offers);
        desired = new DesiredAgents(client, namespace, CONFIG_MAP);
        var injector = new Injector(injection(settings, namespace, Installation.caFingerprint(data)));
        registration = new Registration(
                client,
                settings.kubernetes().webhook().orElse("telepath-manager-" + namespace),
                Base64.getEncoder().encodeToString(Installation.caPem(data).getBytes(StandardCharsets.US_ASCII)),
                blocking);
        webhook = new Webhook(
                view, desired, injector, new Admission(client.getKubernetesSerialization()), meters, timer.clock());
        supply = new OnDemandAgents(
                client,
                view,
                desired,
                sessions,
                offers,
                timer,
                settings.agents().arrival(),
                blocking,
                (key, since) -> webhook.whyLeft(key, since).orElseGet(registration::state));
        idle = new IdleAgents(
                desired,
                supply,
                key -> used(engagements, key),
                settings.agents().idle(),
                timer,
                blocking);
        replaced = new ReplacedContainers(
                desired,
                supply,
                engagements::replacement,
                key -> used(engagements, key),
                settings.agents().replacedGrace(),
                timer);
        LOG.infof("kubernetes is on namespace=%s api=%s", namespace, client.getMasterUrl());
    }

    private static boolean used(Engagements engagements, WorkloadKey key) {
        return engagements.ingests().any(key)
                || engagements.all().stream().anyMatch(one -> one.workload().equals(key));
    }

    private static ManagedNamespaces managed(ManagerSettings.KubernetesSettings settings) {
        return settings.namespaces()
                .<ManagedNamespaces>map(names -> new ManagedNamespaces.Listed(Set.copyOf(names)))
                .or(() -> settings.namespaceSelector()
                        .map(text -> new ManagedNamespaces.Selected(ManagedNamespaces.parse(text))))
                .orElseGet(ManagedNamespaces.All::new);
    }

    private static ClusterRanges.Ways ways(ManagerSettings.KubernetesSettings settings) {
        return new ClusterRanges.Ways(
                Subnet.list(settings.serviceCidrs().orElse(List.of())),
                ClusterRanges.Strategy.of(settings.podCidrStrategy()).orElseThrow(),
                Subnet.list(settings.podCidrs().orElse(List.of())),
                settings.podIp().flatMap(Subnet::address));
    }

    private static InjectionSettings injection(ManagerSettings settings, String namespace, String fingerprint) {
        var agents = settings.agents();
        return new InjectionSettings(
                agents.image(),
                agents.imagePullPolicy(),
                settings.kubernetes().service() + "." + namespace + ":" + settings.port(),
                fingerprint,
                agents.firstPort(),
                agents.user(),
                new InjectionSettings.Resources(
                        agents.cpuRequest(), agents.memoryRequest(), agents.cpuLimit(), agents.memoryLimit()),
                agents.redirect(),
                InjectionSettings.StartCheck.of(agents.startCheck()).orElseThrow(),
                agents.tokenSecret(),
                agents.mountPolicies().map(MountPolicies::parse).orElse(MountPolicies.NONE),
                agents.api());
    }

    /** By the rights that the API server knows of. */
    WorkloadAccess access(AccessReviews reviews) {
        return new RbacAccess(workload -> view.workload(workload).map(ClusterWorkload::kind), reviews::allowed);
    }

    KubernetesWorkloads workloads() {
        return workloads;
    }

    ClusterNetworks networks() {
        return networks;
    }

    OnDemandAgents supply() {
        return supply;
    }

    void route(Router router) {
        webhook.route(router);
    }

    /** Begins to follow the cluster, aside. */
    void start() {
        blocking.execute(() -> {
            try {
                desired.start();
                view.start();
                networks.start();
                registration.start();
                idle.start();
                replaced.start();
            } catch (RuntimeException e) {
                LOG.errorf("cluster not reached cause=\"%s\"; check the service account and its rights", e);
            }
        });
    }

    /** Whether the cluster was seen whole once. */
    boolean synced() {
        return view.synced() && desired.synced();
    }

    @Override
    public void close() {
        registration.close();
        networks.close();
        view.close();
        desired.close();
        blocking.shutdownNow();
    }
}
