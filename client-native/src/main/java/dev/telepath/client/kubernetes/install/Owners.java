package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.install.Labels;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import java.util.List;
import java.util.Optional;

/** Tells an installation of helm, or anybody else's object, from one of ours; neither is touched. Blocks. */
final class Owners {
    private static final String HELM = "Helm";

    private final ClusterObjects objects;
    private final String namespace;

    Owners(ClusterObjects objects, String namespace) {
        this.objects = objects;
        this.namespace = namespace;
    }

    /**
     * @param verb of helm's command that does what was wanted
     * @throws Failure of kind CONFLICT where helm has installed the manager
     */
    void refuseHelm(String verb) {
        for (ObjectKind kind : List.of(ObjectKind.STATEFUL_SET, ObjectKind.SERVICE_ACCOUNT)) {
            Optional<JsonNode> there = objects.get(new ObjectKey(kind, namespace, "telepath-manager"));
            if (there.isPresent() && manager(there.get()).equals(HELM)) {
                throw helms(there.get(), verb);
            }
        }
    }

    private Failure helms(JsonNode object, String verb) {
        String release = object.path("metadata")
                .path("annotations")
                .path("meta.helm.sh/release-name")
                .asText("telepath");
        String command = verb.equals("uninstall")
                ? "helm uninstall " + release
                : "helm upgrade " + release + " deploy/helm/telepath --reuse-values";
        return new Failure(
                Kind.CONFLICT,
                "the manager in namespace " + namespace + " was installed by helm, as release " + release,
                command + " -n " + namespace);
    }

    /**
     * @throws Failure of kind CONFLICT where an object is there that is not of this program
     */
    void refuseForeign(List<ObjectKey> keys) {
        for (ObjectKey key : keys) {
            Optional<JsonNode> there = objects.get(key);
            if (there.isPresent() && !manager(there.get()).equals(Labels.TP)) {
                if (manager(there.get()).equals(HELM)) {
                    throw helms(there.get(), "upgrade");
                }
                throw new Failure(
                        Kind.CONFLICT,
                        key + " is there already and was not made by tp install",
                        "delete it, or use another namespace (-n)");
            }
        }
    }

    private static String manager(JsonNode object) {
        return object.path("metadata").path("labels").path(Labels.MANAGED_BY).asText();
    }
}
