package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.install.Labels;
import dev.telepath.client.install.ObjectKey;
import dev.telepath.client.install.ObjectKind;
import dev.telepath.client.install.Yaml;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * What an installation remembers of itself, in Secret {@code telepath-release} beside it: values may be secret.
 *
 * @param state what became of the last install or upgrade
 * @param version of the programs
 * @param given values of the user that worked last, or else those of the first attempt
 * @param objects all that may be there of it, those included that an upgrade is about to take away
 */
record Release(State state, String version, ObjectNode given, List<ObjectKey> objects) {
    static final String SECRET = "telepath-release";
    private static final String TYPE = "telepath.dev/release";

    /** What became of it. */
    enum State {
        INSTALLING,
        INSTALL_FAILED,
        DEPLOYED,
        UPGRADING,
        UPGRADE_FAILED;

        static State of(String text) {
            for (State each : values()) {
                if (each.name().equalsIgnoreCase(text)) {
                    return each;
                }
            }
            return INSTALL_FAILED;
        }
    }

    Release {
        objects = List.copyOf(objects);
    }

    static ObjectKey key(String namespace) {
        return new ObjectKey(ObjectKind.SECRET, namespace, SECRET);
    }

    static Release of(JsonNode secret) {
        List<ObjectKey> objects = new ArrayList<>();
        Yaml.object("objects", data(secret, "objects"))
                .path("objects")
                .forEach(each -> ObjectKey.of(each).ifPresent(objects::add));
        return new Release(
                State.of(data(secret, "state")),
                data(secret, "version"),
                Yaml.object("values", data(secret, "values")),
                objects);
    }

    private static String data(JsonNode secret, String key) {
        return new String(
                Base64.getDecoder().decode(secret.path("data").path(key).asText("")), StandardCharsets.UTF_8);
    }

    /** Whether it has worked once. */
    boolean wasDeployed() {
        return state != State.INSTALLING && state != State.INSTALL_FAILED;
    }

    Release failed() {
        return new Release(wasDeployed() ? State.UPGRADE_FAILED : State.INSTALL_FAILED, version, given, objects);
    }

    ObjectNode secret(String namespace) {
        ObjectNode secret = JsonNodeFactory.instance.objectNode();
        secret.put("apiVersion", "v1").put("kind", "Secret").put("type", TYPE);
        secret.putObject("metadata")
                .put("name", SECRET)
                .put("namespace", namespace)
                .putObject("labels")
                .put("app.kubernetes.io/name", "telepath")
                .put("app.kubernetes.io/instance", Labels.RELEASE)
                .put(Labels.MANAGED_BY, Labels.TP);
        ObjectNode list = JsonNodeFactory.instance.objectNode();
        ArrayNode all = list.putArray("objects");
        objects.forEach(each -> all.addObject()
                .put("kind", each.kind().kind())
                .putObject("metadata")
                .put("namespace", each.namespace())
                .put("name", each.name()));
        ObjectNode data = secret.putObject("data");
        put(data, "state", state.name().toLowerCase(java.util.Locale.ROOT));
        put(data, "version", version);
        put(data, "values", Yaml.text(given));
        put(data, "objects", Yaml.text(list));
        return secret;
    }

    private static void put(ObjectNode data, String key, String text) {
        data.put(key, Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)));
    }
}
