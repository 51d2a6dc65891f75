package dev.telepath.client.kubernetes;

import dev.telepath.client.config.Quantity;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.fabric8.kubernetes.api.model.AuthInfo;
import io.fabric8.kubernetes.api.model.NamedAuthInfo;
import io.fabric8.kubernetes.api.model.NamedCluster;
import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.api.model.NamedExtension;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.internal.KubeConfigUtils;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the kubeconfig and the flags come to. Reading it runs the exec plugin of the user, if there is one, so it is read
 * anew for each attachment. Blocks.
 *
 * @param context name of the context; {@code in-cluster} for a pod's own service account
 * @param config for the client of the API server; holds secrets
 * @param serverName name that the API server's certificate has to have; empty = its address
 * @param extension of the cluster's entry, by key; empty = none
 */
record Kubeconfig(String context, Config config, String serverName, Map<String, Object> extension) {
    private static final List<String> EXTENSIONS = List.of("telepath.dev", "telepresence.io");
    private static final Path POD_TOKEN = Path.of(Config.KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH);
    private static final int TIMEOUT_MILLIS = 10_000;

    /**
     * As {@link #read(KubeOptions)}, for a bounded time: an exec plugin may wait for somebody who is not there.
     *
     * @throws Failure of kind DENIED when it takes longer
     */
    static Kubeconfig read(KubeOptions options, Duration most) {
        var reading = new FutureTask<>(() -> read(options));
        // Of the platform: a plugin's output is read in a way that holds the thread.
        Thread.ofPlatform().daemon().name("kubeconfig").start(reading);
        try {
            return reading.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            reading.cancel(true);
            throw new Failure(
                    Kind.DENIED,
                    "the kubeconfig's way to log in gave no credentials within " + most.toSeconds() + " s",
                    "log in by hand before, or see kubernetes.login-timeout");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Failure known
                    ? known
                    : new Failure(Kind.FAILED, "cannot read the kubeconfig: " + e.getCause(), "see tp gather-logs", e);
        } catch (InterruptedException e) {
            reading.cancel(true);
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }

    /**
     * @throws Failure of kind USAGE when there is none, or it does not hold what the flags name
     */
    static Kubeconfig read(KubeOptions options) {
        List<io.fabric8.kubernetes.api.model.Config> models = options.files().stream()
                .map(File::new)
                .filter(file -> options.explicit() || file.isFile())
                .map(Kubeconfig::parse)
                .toList();
        Kubeconfig read;
        if (!models.isEmpty()) {
            read = merged(options, models);
        } else if (!options.server().isEmpty()) {
            read = new Kubeconfig("", Config.empty(), "", Map.of());
        } else if (inPod()) {
            read = new Kubeconfig("in-cluster", Config.autoConfigure(null), "", Map.of());
        } else {
            throw none();
        }
        Config config = read.config();
        // Who attaches decides when to try again.
        config.setRequestRetryBackoffLimit(0);
        config.setConnectionTimeout(TIMEOUT_MILLIS);
        config.setRequestTimeout(
                options.requestTimeout().isEmpty() ? TIMEOUT_MILLIS : millis(options.requestTimeout()));
        override(config, options);
        String name = options.tlsServerName().isEmpty() ? read.serverName() : options.tlsServerName();
        return new Kubeconfig(read.context(), config, name, read.extension());
    }

    private static int millis(String time) {
        try {
            return Math.toIntExact(Quantity.duration(time).toMillis());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new Failure(
                    Kind.USAGE, "--request-timeout: " + e.getMessage(), "tp connect --request-timeout 10s", e);
        }
    }

    static boolean inPod() {
        return Files.isReadable(POD_TOKEN);
    }

    static Failure none() {
        return new Failure(
                Kind.USAGE,
                "no manager is named, and there is no kubeconfig to find one by",
                "in Kubernetes: tp connect --kubeconfig FILE (or KUBECONFIG, ~/.kube/config);"
                        + " elsewhere: tp connect --manager host:port --token-file FILE");
    }

    private static io.fabric8.kubernetes.api.model.Config parse(File file) {
        try {
            return KubeConfigUtils.parseConfig(file);
        } catch (RuntimeException e) {
            // Of the YAML reader, whichever that is.
            throw new Failure(
                    Kind.USAGE,
                    "cannot read the kubeconfig " + file + ": " + KubeFailures.deepest(e),
                    "check --kubeconfig and KUBECONFIG",
                    null);
        }
    }

    private static Kubeconfig merged(KubeOptions options, List<io.fabric8.kubernetes.api.model.Config> models) {
        String name = Stream.concat(
                        Stream.of(options.context()),
                        models.stream().map(io.fabric8.kubernetes.api.model.Config::getCurrentContext))
                .filter(each -> each != null && !each.isEmpty())
                .findFirst()
                .orElse("");
        var config = Config.empty();
        NamedContext context =
                named(models, io.fabric8.kubernetes.api.model.Config::getContexts, NamedContext::getName, name);
        if (context == null || context.getContext() == null) {
            if (!options.server().isEmpty() && options.context().isEmpty()) {
                return new Kubeconfig(name, config, "", Map.of());
            }
            throw missing("context", name, "kubectl config get-contexts lists them");
        }
        if (!options.cluster().isEmpty()) {
            context.getContext().setCluster(options.cluster());
        }
        if (!options.user().isEmpty()) {
            context.getContext().setUser(options.user());
        }
        NamedCluster cluster = named(
                models,
                io.fabric8.kubernetes.api.model.Config::getClusters,
                NamedCluster::getName,
                context.getContext().getCluster());
        NamedAuthInfo user = named(
                models,
                io.fabric8.kubernetes.api.model.Config::getUsers,
                NamedAuthInfo::getName,
                context.getContext().getUser());
        if (cluster == null || cluster.getCluster() == null) {
            throw missing("cluster", context.getContext().getCluster(), "kubectl config get-clusters lists them");
        }
        if (user == null && !options.user().isEmpty()) {
            throw missing("user", options.user(), "kubectl config get-users lists them");
        }
        try {
            KubeConfigUtils.merge(config, name, models.toArray(io.fabric8.kubernetes.api.model.Config[]::new));
        } catch (KubernetesClientException e) {
            throw new Failure(
                    Kind.DENIED,
                    "the kubeconfig's way to log in failed: " + KubeFailures.deepest(e),
                    "does kubectl get pods work?",
                    null);
        }
        if (user != null && user.getUser() != null) {
            impersonate(config, user.getUser());
        }
        return new Kubeconfig(
                name,
                config,
                Objects.requireNonNullElse(cluster.getCluster().getTlsServerName(), ""),
                extension(cluster));
    }

    private static void impersonate(Config config, AuthInfo user) {
        if (user.getAs() != null && !user.getAs().isEmpty()) {
            config.setImpersonateUsername(user.getAs());
        }
        if (user.getAsGroups() != null && !user.getAsGroups().isEmpty()) {
            config.setImpersonateGroups(user.getAsGroups().toArray(String[]::new));
        }
    }

    private static void override(Config config, KubeOptions options) {
        if (!options.server().isEmpty()) {
            config.setMasterUrl(options.server());
        }
        if (!options.token().isEmpty()) {
            config.setOauthToken(options.token());
        }
        if (options.insecure()) {
            config.setTrustCerts(true);
            config.setDisableHostnameVerification(true);
        }
        if (!options.as().isEmpty()) {
            config.setImpersonateUsername(options.as());
        }
        if (!options.asGroups().isEmpty()) {
            config.setImpersonateGroups(options.asGroups().toArray(String[]::new));
        }
    }

    /** Ours before Telepresence's, key by key at the first level. */
    private static Map<String, Object> extension(NamedCluster cluster) {
        Map<String, Object> all = new LinkedHashMap<>();
        List<NamedExtension> found = cluster.getCluster().getExtensions();
        if (found != null) {
            EXTENSIONS.forEach(name -> found.stream()
                    .filter(each -> name.equals(each.getName()))
                    .forEach(each -> ClusterSettings.map(each.getExtension()).forEach(all::putIfAbsent)));
        }
        return all;
    }

    private static <T> @Nullable T named(
            List<io.fabric8.kubernetes.api.model.Config> models,
            Function<io.fabric8.kubernetes.api.model.Config, @Nullable List<T>> list,
            Function<T, @Nullable String> name,
            @Nullable String wanted) {
        return models.stream()
                .map(list)
                .filter(Objects::nonNull)
                .flatMap(List::stream)
                .filter(each -> Objects.equals(name.apply(each), wanted))
                .findFirst()
                .orElse(null);
    }

    private static Failure missing(String what, @Nullable String name, String next) {
        return new Failure(
                Kind.USAGE,
                name == null || name.isEmpty()
                        ? "the kubeconfig names no current " + what
                        : "the kubeconfig has no " + what + " \"" + name + "\"",
                next);
    }

    /** Namespace of the context; empty = none is named. */
    String namespace() {
        return Objects.requireNonNullElse(config.getNamespace(), "");
    }
}
