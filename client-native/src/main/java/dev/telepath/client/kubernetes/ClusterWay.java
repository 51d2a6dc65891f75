package dev.telepath.client.kubernetes;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Bypass;
import dev.telepath.client.session.HostAddresses;
import dev.telepath.client.session.Transport;
import dev.telepath.client.session.Way;
import dev.telepath.tunnel.transport.ManagerChannel;
import dev.telepath.tunnel.transport.Underlay;
import io.netty.channel.EventLoopGroup;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * To a manager in Kubernetes: straight where it answers at an address of its own, else by a port-forward through the API server. Kubeconfig,
 * CA, token and pod are looked up anew for each attachment. Thread-safe; blocks where {@link Way} says so.
 */
public final class ClusterWay implements Way {
    private static final Logger LOG = Logger.getLogger(ClusterWay.class);
    /** For how long credentials are those of now. */
    private static final Duration FRESH = Duration.ofSeconds(5);

    private final KubeOptions options;
    private final String context;
    private final String namespace;
    private final String owner;
    private final ServiceAccountName account;
    private final Duration tokenLife;
    private final Duration login;
    private final DirectAddress direct;
    private volatile @Nullable String pod;
    private @Nullable Read read;

    /** Credentials and when they were read, by the system's clock of nanoseconds. */
    private record Read(PodForward forward, long at) {}

    private ClusterWay(
            KubeOptions options,
            String context,
            String namespace,
            String owner,
            ServiceAccountName account,
            Duration tokenLife,
            Duration login,
            DirectAddress direct) {
        this.options = options;
        this.context = context;
        this.namespace = namespace;
        this.owner = owner;
        this.account = account;
        this.tokenLife = tokenLife;
        this.login = login;
        this.direct = direct;
    }

    /**
     * What a kubeconfig and its cluster come to.
     *
     * @param settings with what both give put among the others
     * @param workloads namespace of the workloads
     * @param unused keys of both that are not used, with where they stand
     */
    public record Found(ClusterWay way, Settings settings, String workloads, List<String> unused) {}

    /**
     * Finds the manager. Blocks.
     *
     * @param settings of this machine
     * @param managerNamespace as a flag or the environment says; empty = as the kubeconfig, the file or the default says
     * @param workloads namespace as a flag or the environment says; empty = that of the context
     * @param owner secret of this installation, see {@link ManagerChannel#through}
     * @throws Failure of kind USAGE without a kubeconfig, DENIED or UNREACHABLE when the cluster does not answer
     */
    public static Found find(
            KubeOptions options, Settings settings, String managerNamespace, String workloads, String owner) {
        Duration login = settings.duration(Setting.KUBERNETES_LOGIN_TIMEOUT);
        Kubeconfig kubeconfig = Kubeconfig.read(options, login);
        ClusterSettings near = ClusterSettings.of(kubeconfig.extension());
        Settings known = settings.under(near.values(), Map.of());
        String namespace = managerNamespace.isEmpty() ? known.text(Setting.MANAGER_NAMESPACE) : managerNamespace;
        ClusterSettings far;
        try (var cluster = new Cluster(kubeconfig, namespace)) {
            Map<String, String> data = cluster.published().getData();
            far = ClusterSettings.ofYaml(data == null ? "" : data.getOrDefault("client.yaml", ""));
        }
        List<String> unused = new ArrayList<>();
        near.unused().forEach(key -> unused.add(key + " (kubeconfig)"));
        far.unused().forEach(key -> unused.add(key + " (cluster)"));
        Settings all = settings.under(near.values(), far.values());
        String place = workloads.isEmpty() ? all.below(Setting.NAMESPACE, kubeconfig.namespace()) : workloads;
        var way = new ClusterWay(
                options,
                kubeconfig.context(),
                namespace,
                owner,
                ServiceAccountName.of(all.text(Setting.KUBERNETES_SERVICE_ACCOUNT), namespace),
                all.duration(Setting.KUBERNETES_TOKEN_LIFE),
                login,
                new DirectAddress(all, InstantSource.system()));
        return new Found(way, all, place, unused);
    }

    @Override
    public String name() {
        return "kubernetes:" + context + "/" + namespace;
    }

    @Override
    public Optional<Path> tokenFile() {
        return options.files().stream().findFirst().map(Path::of);
    }

    public KubeOptions options() {
        return options;
    }

    public String managerNamespace() {
        return namespace;
    }

    @Override
    public Opened open(EventLoopGroup loops, ManagerChannel.Limits limits, Bypass bypass) {
        try (var cluster = new Cluster(Kubeconfig.read(options, login), namespace)) {
            String pin = cluster.pin(cluster.published());
            long asked = System.nanoTime();
            Cluster.ReadyPod to = choose(cluster.ready());
            Duration patience = direct.patience(Duration.ofNanos(System.nanoTime() - asked));
            URI server = URI.create(cluster.kubeconfig().config().getMasterUrl());
            Optional<InetSocketAddress> candidate = direct.of(to).filter(each -> !direct.isSpent(each));
            // The one question that is left is asked meanwhile: where nobody answers, that costs next to nothing.
            CompletableFuture<Boolean> answers = CompletableFuture.supplyAsync(
                    () -> answers(server, candidate, pin, patience, bypass),
                    task -> Thread.ofVirtual().name("direct").start(task));
            Cluster.Token token = cluster.token(account, tokenLife);
            Optional<InetSocketAddress> straight = candidate.filter(each -> answers.join());
            direct.use(straight);
            Transport transport = straight.<Transport>map(each ->
                            new Transport.Direct(NetUtil.toSocketAddressString(each.getHostString(), each.getPort())))
                    .orElseGet(() -> new Transport.PortForward(to.name()));
            LOG.debugf(
                    "connecting transport=%s to=%s namespace=%s context=%s",
                    transport.word(), transport.to(), namespace, context);
            var bearer = new RenewedToken(
                    token,
                    this::renewed,
                    InstantSource.system(),
                    task -> Thread.ofVirtual().name("token").start(task));
            Underlay underlay = straight.map(Underlay::straight)
                    .orElseGet(() -> new PodForward(cluster).to(namespace, to.name(), to.port()));
            return new Opened(
                    ManagerChannel.through(underlay, pin, bearer, Optional.of(owner), loops, limits), transport);
        }
    }

    /** Whether the manager answers at an address of its own. Blocks for a moment. */
    private boolean answers(
            URI server, Optional<InetSocketAddress> candidate, String pin, Duration patience, Bypass bypass) {
        List<InetAddress> own =
                candidate.map(each -> HostAddresses.of(each.getHostString())).orElse(List.of());
        List<InetAddress> servers = HostAddresses.of(server.getHost());
        // Where the API server's are not known for the moment, those of before stay left as well.
        bypass.leave(
                servers.isEmpty()
                        ? List.of()
                        : Stream.concat(servers.stream(), own.stream()).toList());
        return candidate.isPresent() && direct.answers(candidate.get(), own, pin, patience);
    }

    @Override
    public boolean isBetterThan(Transport transport, Bypass bypass) {
        if (transport instanceof Transport.Direct || !direct.isWanted()) {
            return false;
        }
        try (var cluster = new Cluster(Kubeconfig.read(options, login), namespace)) {
            String before = pod;
            return cluster.ready().stream()
                    .filter(each -> each.name().equals(before))
                    .flatMap(each -> direct.of(each).stream())
                    .anyMatch(each -> answers(
                            URI.create(cluster.kubeconfig().config().getMasterUrl()),
                            Optional.of(each),
                            cluster.pin(cluster.published()),
                            direct.patience(),
                            bypass));
        }
    }

    /** Credentials may be what a program is run for, so those that several connections ask for at once are read once. */
    @Override
    public synchronized Optional<Underlay> forward(String workloads, String agent, int port) {
        Read last = read;
        long now = System.nanoTime();
        if (last == null || now - last.at() > FRESH.toNanos()) {
            try (var cluster = new Cluster(Kubeconfig.read(options, login), namespace)) {
                last = new Read(new PodForward(cluster), now);
            }
            read = last;
        }
        return Optional.of(last.forward().to(workloads, agent, port));
    }

    @Override
    public void reconsider() {
        direct.use(Optional.empty());
    }

    /** The pod of before while it is ready, else any. */
    private Cluster.ReadyPod choose(List<Cluster.ReadyPod> ready) {
        if (ready.isEmpty()) {
            throw new Failure(
                    Kind.UNREACHABLE,
                    "no pod of the manager in namespace " + namespace + " is ready",
                    "kubectl -n " + namespace + " get pods");
        }
        String before = pod;
        Cluster.ReadyPod next = ready.stream()
                .filter(one -> one.name().equals(before))
                .findFirst()
                .orElseGet(() -> ready.get(ThreadLocalRandom.current().nextInt(ready.size())));
        pod = next.name();
        return next;
    }

    private Cluster.Token renewed() {
        try (var cluster = new Cluster(Kubeconfig.read(options, login), namespace)) {
            return cluster.token(account, tokenLife);
        }
    }

    @Override
    public Failure explain(Failure failure) {
        pod = null;
        PortForwardRefused refused = KubeFailures.refusal(failure);
        if (refused == null) {
            return failure;
        }
        return switch (refused.status()) {
            case 401, 403 ->
                KubeFailures.denied(
                        "cannot attach to " + name() + ": " + refused.getMessage(),
                        "get and create pods/portforward",
                        namespace);
            default ->
                new Failure(
                        Kind.UNREACHABLE,
                        "cannot attach to " + name() + ": " + refused.getMessage(),
                        "kubectl -n " + namespace + " get pods",
                        refused);
        };
    }

    /** Whether it leads to the same place as the same user. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ClusterWay way
                && way.name().equals(name())
                && way.options.equals(options)
                && way.account.equals(account);
    }

    @Override
    public int hashCode() {
        return name().hashCode();
    }

    @Override
    public String toString() {
        return name();
    }
}
