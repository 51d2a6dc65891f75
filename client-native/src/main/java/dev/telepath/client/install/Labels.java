package dev.telepath.client.install;

import static dev.telepath.client.install.Tree.map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Labels and annotations that all objects of an installation have. */
public final class Labels {
    /** Name of the release in {@code app.kubernetes.io/instance}. */
    public static final String RELEASE = "telepath";

    public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
    /** Value of {@link #MANAGED_BY} on what this program installs. */
    public static final String TP = "tp";

    /** Finds what this program has installed. */
    public static final String SELECTOR = MANAGED_BY + "=" + TP + ",app.kubernetes.io/name=telepath";

    private final Values values;
    private final String version;

    Labels(Values values, String version) {
        this.values = values;
        this.version = version;
    }

    /** By which the manager's pods are found. */
    static ObjectNode selector() {
        return map("app.kubernetes.io/name", "telepath", "app.kubernetes.io/component", "manager");
    }

    ObjectNode all(JsonNode... more) {
        var parts = new JsonNode[more.length + 2];
        parts[0] = Tree.joined(
                selector(),
                map("app.kubernetes.io/instance", RELEASE, "app.kubernetes.io/version", version, MANAGED_BY, TP));
        parts[1] = values.at("commonLabels");
        System.arraycopy(more, 0, parts, 2, more.length);
        return Tree.joined(parts);
    }

    /** Metadata of an object; an empty namespace for one of the cluster. */
    ObjectNode metadata(String name, String namespace) {
        return metadata(name, namespace, map(), map());
    }

    /** The same with further labels, and annotations that go before the common ones. */
    ObjectNode metadata(String name, String namespace, JsonNode labels, JsonNode annotations) {
        @Nullable JsonNode all = Tree.ifSet(Tree.joined(values.at("commonAnnotations"), annotations));
        return map(
                "name",
                name,
                "namespace",
                namespace.isEmpty() ? null : namespace,
                "labels",
                all(labels),
                "annotations",
                all);
    }
}
