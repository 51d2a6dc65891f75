package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Labels;
import dev.telepath.client.install.Manifests;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import dev.telepath.client.kubernetes.ApiServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Takes an installation away: first the webhook, so that no pod gets an agent any more, then the agents, then the manager,
 * then all else, at last the namespace if it was made for it and nobody else uses it. What was interrupted is finished by
 * the same command. Blocks.
 */
public final class Uninstaller {
    /** What every namespace has of itself. */
    private static final Set<String> OF_ITSELF = Set.of("kube-root-ca.crt", "openshift-service-ca.crt");

    private static final List<String> OTHERS = List.of(
            "/api/v1/namespaces/%s/pods",
            "/api/v1/namespaces/%s/services",
            "/api/v1/namespaces/%s/configmaps",
            "/api/v1/namespaces/%s/secrets",
            "/api/v1/namespaces/%s/persistentvolumeclaims",
            "/apis/apps/v1/namespaces/%s/deployments",
            "/apis/apps/v1/namespaces/%s/statefulsets",
            "/apis/apps/v1/namespaces/%s/daemonsets",
            "/apis/batch/v1/namespaces/%s/jobs",
            "/apis/batch/v1/namespaces/%s/cronjobs");

    private final String namespace;
    private final Requests requests;
    private final ClusterObjects objects;
    private final Consumer<String> said;

    /**
     * @param api stays open
     * @param namespace of the manager
     * @param said what goes on
     */
    public Uninstaller(ApiServer api, String namespace, Consumer<String> said) {
        this.namespace = namespace;
        this.requests = new Requests(api.client());
        this.objects = new ClusterObjects(requests, namespace);
        this.said = said;
    }

    /**
     * What came of it.
     *
     * @param removed objects that were there
     * @param agents workloads whose pods are made anew without agent
     * @param staying workloads that keep an agent by their own annotation until their pods are made anew
     * @param namespaceRemoved whether the namespace went too
     * @param namespaceUsed what else is in a namespace that was made for the manager and stays for that; empty = nothing
     */
    public record Done(
            List<ObjectKey> removed,
            List<String> agents,
            Set<String> staying,
            boolean namespaceRemoved,
            String namespaceUsed) {}

    /**
     * Does it.
     *
     * @param keepAgents whether agents stay in their pods, where they forward to their workloads
     * @param most until all of it is gone
     * @throws Failure of kind NOT_FOUND when there is nothing of ours
     */
    public Done run(boolean keepAgents, Duration most) {
        said.accept("looking at the cluster");
        long end = System.nanoTime() + most.toNanos();
        new Owners(objects, namespace).refuseHelm("uninstall");
        Set<ObjectKey> all = new LinkedHashSet<>();
        objects.get(Release.key(namespace)).map(Release::of).ifPresent(release -> all.addAll(release.objects()));
        all.addAll(objects.labelled());
        all.remove(Release.key(namespace));
        JsonNode space = requests.get(Namespaces.path(namespace)).json();
        boolean made = Namespaces.isMade(space);
        if (all.isEmpty() && objects.get(Release.key(namespace)).isEmpty() && !made) {
            throw new Failure(
                    Kind.NOT_FOUND,
                    "tp has installed nothing in namespace " + namespace,
                    "-n names another namespace; helm list -A shows what helm has installed");
        }
        rights(all);
        List<ObjectKey> removed = new ArrayList<>();
        take(new ObjectKey(ObjectKind.WEBHOOK, "", Manifests.clusterName(namespace)), removed);
        var injected = new InjectedAgents(requests, objects, namespace);
        List<String> agents = keepAgents ? List.of() : injected.remove(said);
        // No manager may make again what is taken away here.
        take(new ObjectKey(ObjectKind.STATEFUL_SET, namespace, "telepath-manager"), removed);
        until(end, "the manager's pod to end", () -> managers().isEmpty());
        List<ObjectKey> rest = new ArrayList<>(all);
        rest.sort(Comparator.comparing(ObjectKey::kind).reversed());
        said.accept("removing " + rest.size() + " objects");
        rest.forEach(each -> take(each, removed));
        until(
                end,
                "the objects to be gone",
                () -> rest.stream()
                        .noneMatch(each ->
                                objects.get(each).filter(Uninstaller::isOurs).isPresent()));
        take(Release.key(namespace), removed);
        String used = made ? others() : "";
        boolean gone = made && used.isEmpty() && namespace(end);
        return new Done(List.copyOf(removed), agents, injected.staying(agents), gone, used);
    }

    private void rights(Set<ObjectKey> all) {
        List<String> missing = objects.missingRights(List.copyOf(all), List.of("get", "delete"));
        if (!missing.isEmpty()) {
            throw new Failure(
                    Kind.DENIED,
                    "this user may not " + String.join(", ", missing) + "; nothing was changed",
                    "ask for these rights, or act as somebody who has them (--as, --context)");
        }
    }

    private void take(ObjectKey key, List<ObjectKey> removed) {
        if (objects.get(key).filter(Uninstaller::isOurs).isPresent()) {
            if (objects.delete(key)) {
                removed.add(key);
            }
        }
    }

    private static boolean isOurs(JsonNode object) {
        return object.path("metadata")
                .path("labels")
                .path(Labels.MANAGED_BY)
                .asText()
                .equals(Labels.TP);
    }

    private List<JsonNode> managers() {
        return objects.items("/api/v1/namespaces/" + namespace
                + "/pods?labelSelector=app.kubernetes.io%2Fname%3Dtelepath,app.kubernetes.io%2Fcomponent%3Dmanager");
    }

    /** What else is there, for people; empty = nothing, as far as the user may see. */
    private String others() {
        return OTHERS.stream()
                .map(path -> path.formatted(namespace))
                .flatMap(path -> objects.items(path).stream()
                        .map(each -> each.path("metadata").path("name").asText())
                        .filter(name -> !OF_ITSELF.contains(name))
                        .map(name -> path.substring(path.lastIndexOf('/') + 1) + "/" + name))
                .findFirst()
                .orElse("");
    }

    private boolean namespace(long end) {
        said.accept("removing namespace " + namespace);
        Requests.Answer answer = requests.delete(Namespaces.path(namespace));
        if (!answer.done() && !answer.absent()) {
            throw new Failure(
                    answer.forbidden() ? Kind.DENIED : Kind.FAILED,
                    "all is removed but namespace " + namespace + ": " + answer.message(),
                    "kubectl delete namespace " + namespace);
        }
        until(
                end,
                "namespace " + namespace + " to be gone",
                () -> requests.get(Namespaces.path(namespace)).absent());
        return true;
    }

    private void until(long end, String what, BooleanSupplier done) {
        while (!done.getAsBoolean()) {
            said.accept("waiting for " + what);
            if (System.nanoTime() > end) {
                throw new Failure(
                        Kind.TIMED_OUT,
                        "waited in vain for " + what,
                        "run tp uninstall again, which goes on from here; --timeout gives it more time");
            }
            Rollout.pause();
        }
    }
}
