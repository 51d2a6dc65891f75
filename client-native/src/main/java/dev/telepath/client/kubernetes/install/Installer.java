package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Chart;
import dev.telepath.client.install.Labels;
import dev.telepath.client.install.Manifests;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import dev.telepath.client.install.Values;
import dev.telepath.client.kubernetes.ApiServer;
import dev.telepath.client.kubernetes.KubeOptions;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Installs and upgrades. Blocks; one command. */
public final class Installer {
    private static final int LEAST_MINOR = 27;

    private final KubeOptions options;
    private final Settings settings;
    private final String namespace;
    private final Requests requests;
    private final ClusterObjects objects;
    private final Owners owners;
    private final Consumer<String> said;

    /**
     * @param api stays open
     * @param options by which it was opened
     * @param namespace of the manager
     * @param said what goes on
     */
    public Installer(ApiServer api, KubeOptions options, Settings settings, String namespace, Consumer<String> said) {
        this.options = options;
        this.settings = settings;
        this.namespace = namespace;
        this.said = said;
        this.requests = new Requests(api.client());
        this.objects = new ClusterObjects(requests, namespace);
        this.owners = new Owners(objects, namespace);
    }

    /** What an upgrade does with the values of before. */
    public enum Earlier {
        /** Kept when none are given now, else forgotten, as helm has it. */
        WHEN_NONE_GIVEN,
        /** Kept, under those given now. */
        REUSE,
        /** Forgotten. */
        RESET
    }

    /**
     * What is wanted.
     *
     * @param given values of this command
     * @param install whether there may be none before; an upgrade alone needs one
     * @param upgrade whether there may be one before
     * @param createNamespace whether to make the namespace where there is none
     * @param timeout until the manager is ready
     */
    public record Order(
            ObjectNode given,
            boolean install,
            boolean upgrade,
            Earlier earlier,
            boolean createNamespace,
            Duration timeout) {}

    /**
     * What came of it.
     *
     * @param upgraded whether there was one before
     * @param pruned objects of before that are not there any more
     * @param manager what answered the call; empty with no replica
     * @param webhook what was seen of it; empty without injector
     */
    public record Done(
            boolean upgraded,
            boolean createdNamespace,
            List<ObjectKey> objects,
            List<ObjectKey> pruned,
            String version,
            String manager,
            String webhook) {}

    /**
     * Does it.
     *
     * @throws Failure the cause
     */
    public Done run(Order order) {
        said.accept("looking at the cluster");
        supported();
        Optional<Release> before = objects.get(Release.key(namespace)).map(Release::of);
        owners.refuseHelm(before.isPresent() ? "upgrade" : "install");
        allowed(order, before);
        Chart chart = Chart.own();
        Values values = Values.of(chart, given(order, before));
        List<ObjectNode> wanted = Manifests.of(values, chart.version(), namespace);
        List<ObjectKey> keys =
                wanted.stream().map(each -> ObjectKey.of(each).orElseThrow()).toList();
        rights(keys);
        boolean created = namespace(order.createNamespace());
        owners.refuseForeign(keys);
        Set<ObjectKey> known = new LinkedHashSet<>(keys);
        before.ifPresent(each -> known.addAll(each.objects()));
        boolean upgrade = before.filter(Release::wasDeployed).isPresent();
        // A failed upgrade leaves the values of before, so that --reuse-values does not bring back what failed.
        var release = new Release(
                upgrade ? Release.State.UPGRADING : Release.State.INSTALLING,
                chart.version(),
                upgrade ? before.orElseThrow().given() : values.given(),
                List.copyOf(known));
        var rollout = new Rollout(
                requests, objects, namespace, keys.stream().anyMatch(each -> each.kind() == ObjectKind.CERTIFICATE));
        apply(release, wanted, before.isEmpty(), created);
        try {
            List<ObjectKey> pruned = prune(keys, known);
            boolean replicas = values.at("replicaCount").asInt() > 0;
            said.accept("waiting for the manager");
            rollout.await(order.timeout(), said);
            var proof = new Proof(requests, objects, namespace);
            said.accept("asking the manager");
            String manager = replicas ? proof.answers(options, settings) : "";
            String webhook = replicas && values.flag("agentInjector.enabled") ? proof.webhook() : "";
            objects.apply(new Release(Release.State.DEPLOYED, chart.version(), values.given(), keys).secret(namespace));
            return new Done(before.isPresent(), created, keys, pruned, chart.version(), manager, webhook);
        } catch (Failure failure) {
            objects.apply(release.failed().secret(namespace));
            throw failure;
        }
    }

    private void supported() {
        Requests.Answer answer = requests.get("/version");
        String minor = answer.json().path("minor").asText("").replaceAll("[^0-9]", "");
        if (!minor.isEmpty() && Integer.parseInt(minor) < LEAST_MINOR) {
            throw new Failure(
                    Kind.FAILED,
                    "the cluster is Kubernetes "
                            + answer.json().path("gitVersion").asText(),
                    "1." + LEAST_MINOR + " or later is needed");
        }
    }

    private void allowed(Order order, Optional<Release> before) {
        if (before.isEmpty() && !order.install()) {
            throw new Failure(
                    Kind.NOT_FOUND,
                    "tp has installed nothing in namespace " + namespace,
                    "tp install, or tp upgrade --install; -n names another namespace");
        }
        // A first install that failed is done again by the same command.
        if (before.filter(Release::wasDeployed).isPresent() && !order.upgrade()) {
            throw new Failure(
                    Kind.CONFLICT,
                    "Telepath " + before.get().version() + " is installed in namespace " + namespace + " already",
                    "tp upgrade changes it, tp uninstall takes it away");
        }
    }

    private static ObjectNode given(Order order, Optional<Release> before) {
        ObjectNode earlier = before.map(Release::given).orElseGet(JsonNodeFactory.instance::objectNode);
        return switch (order.earlier()) {
            case REUSE -> Values.over(earlier, order.given());
            case WHEN_NONE_GIVEN -> order.given().isEmpty() && order.upgrade() ? earlier : order.given();
            case RESET -> order.given();
        };
    }

    /** All at once, before anything is changed. */
    private void rights(List<ObjectKey> keys) {
        List<ObjectKey> all = new ArrayList<>(keys);
        all.add(Release.key(namespace));
        List<String> missing = objects.missingRights(all, List.of("get", "create", "patch"));
        if (!missing.isEmpty()) {
            throw new Failure(
                    Kind.DENIED,
                    "this user may not " + String.join(", ", missing) + "; nothing was changed",
                    "ask for these rights, or act as somebody who has them (--as, --context)");
        }
    }

    /** Whether it was made. */
    private boolean namespace(boolean create) {
        Requests.Answer there = requests.get(Namespaces.path(namespace));
        // Who may not look has to trust that it is there.
        if (there.done() || there.forbidden()) {
            return false;
        }
        if (!create) {
            throw new Failure(
                    Kind.NOT_FOUND,
                    "there is no namespace " + namespace,
                    "kubectl create namespace " + namespace + ", or leave --no-create-namespace out");
        }
        Requests.Answer made = requests.create("/api/v1/namespaces", Namespaces.made(namespace));
        if (!made.done() && made.code() != HttpURLConnection.HTTP_CONFLICT) {
            throw new Failure(
                    made.forbidden() ? Kind.DENIED : Kind.FAILED,
                    "cannot create namespace " + namespace + ": " + made.message(),
                    made.forbidden()
                            ? "ask for the right to create namespaces, or have it created"
                            : "-n names another one");
        }
        return made.done();
    }

    /** All of them, or none where there were none before. */
    private void apply(Release release, List<ObjectNode> wanted, boolean fresh, boolean createdNamespace) {
        List<ObjectKey> applied = new ArrayList<>();
        applied.add(Release.key(namespace));
        try {
            objects.apply(release.secret(namespace));
            said.accept("applying " + wanted.size() + " objects");
            for (ObjectNode each : wanted) {
                ObjectKey key = ObjectKey.of(each).orElseThrow();
                applied.add(key);
                objects.apply(each);
            }
        } catch (Failure failure) {
            if (fresh) {
                applied.reversed().forEach(this::undo);
                if (createdNamespace) {
                    var _ = requests.delete(Namespaces.path(namespace));
                }
            } else {
                objects.apply(release.failed().secret(namespace));
            }
            throw failure;
        }
    }

    private void undo(ObjectKey key) {
        try {
            objects.delete(key);
        } catch (Failure alsoFailed) {
            said.accept("left: " + key);
        }
    }

    private List<ObjectKey> prune(List<ObjectKey> keys, Set<ObjectKey> known) {
        Set<ObjectKey> old = new LinkedHashSet<>(known);
        old.addAll(objects.labelled());
        old.removeAll(keys);
        old.remove(Release.key(namespace));
        List<ObjectKey> pruned = new ArrayList<>();
        for (ObjectKey each : old) {
            said.accept("removing " + each.kind().kind() + " " + each.name());
            if (isOurs(each) && objects.delete(each)) {
                pruned.add(each);
            }
        }
        return pruned;
    }

    private boolean isOurs(ObjectKey key) {
        return objects.get(key)
                .map((JsonNode each) -> each.path("metadata")
                        .path("labels")
                        .path(Labels.MANAGED_BY)
                        .asText()
                        .equals(Labels.TP))
                .orElse(false);
    }
}
