package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * Which object of a cluster.
 *
 * @param namespace empty for an object of the cluster
 */
public record ObjectKey(ObjectKind kind, String namespace, String name) {
    /** Of an object, if it is of a kind that an installation has. */
    public static Optional<ObjectKey> of(JsonNode object) {
        JsonNode metadata = object.path("metadata");
        return ObjectKind.of(object.path("kind").asText())
                .map(kind -> new ObjectKey(
                        kind,
                        metadata.path("namespace").asText(""),
                        metadata.path("name").asText("")));
    }

    /** Path of all objects of its kind at the API server, in its namespace if it has one. */
    public String collection() {
        String api = kind.group().isEmpty() ? "/api/v1" : "/apis/" + kind.apiVersion();
        return api + (namespace.isEmpty() ? "" : "/namespaces/" + namespace) + "/" + kind.plural();
    }

    /** Path of the object at the API server. */
    public String path() {
        return collection() + "/" + name;
    }

    /** For people. */
    @Override
    public String toString() {
        return kind.kind() + " " + name + (namespace.isEmpty() ? "" : " in namespace " + namespace);
    }
}
