package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The namespace of a manager, and whether it was made for it. */
final class Namespaces {
    /** On a namespace that {@code tp install} has made, and may take away again. */
    static final String MADE = "telepath.dev/made-by";

    private static final String INSTALL = "tp-install";

    private Namespaces() {}

    static String path(String namespace) {
        return "/api/v1/namespaces/" + namespace;
    }

    static ObjectNode made(String namespace) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("apiVersion", "v1").put("kind", "Namespace");
        object.putObject("metadata").put("name", namespace).putObject("labels").put(MADE, INSTALL);
        return object;
    }

    static boolean isMade(JsonNode namespace) {
        return namespace.path("metadata").path("labels").path(MADE).asText().equals(INSTALL);
    }
}
