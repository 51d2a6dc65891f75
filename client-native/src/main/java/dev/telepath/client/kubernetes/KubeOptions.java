package dev.telepath.client.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * How to reach the API server, as the flags of {@code kubectl} say it. Empty = as the kubeconfig says.
 *
 * @param files of the kubeconfig, absolute, the first wins; empty = there is none, in a pod its service account is used
 * @param explicit whether the user named one file, which then has to exist
 * @param token bearer token of the user, secret
 * @param requestTimeout of one request, as in the configuration file; empty = 10 s
 */
public record KubeOptions(
        List<String> files,
        boolean explicit,
        String context,
        String cluster,
        String user,
        String as,
        List<String> asGroups,
        String server,
        String token,
        String tlsServerName,
        boolean insecure,
        String requestTimeout) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public KubeOptions {
        files = List.copyOf(files);
        asGroups = List.copyOf(asGroups);
    }

    /** Whether there is a kubeconfig, a server or a service account. */
    public boolean leadsAnywhere() {
        return !files.isEmpty() || !server.isEmpty() || Kubeconfig.inPod();
    }

    /** These, with another context. */
    public KubeOptions withContext(String other) {
        return new KubeOptions(
                files,
                explicit,
                other,
                cluster,
                user,
                as,
                asGroups,
                server,
                token,
                tlsServerName,
                insecure,
                requestTimeout);
    }

    /**
     * These, if they can lead anywhere.
     *
     * @throws dev.telepath.client.failure.Failure of kind USAGE when there is neither kubeconfig, server nor service account
     */
    public KubeOptions required() {
        if (!leadsAnywhere()) {
            throw Kubeconfig.none();
        }
        return this;
    }

    /** For the control socket. Holds the token. */
    public ObjectNode json() {
        ObjectNode node = JSON.createObjectNode()
                .put("explicit", explicit)
                .put("context", context)
                .put("cluster", cluster)
                .put("user", user)
                .put("as", as)
                .put("server", server)
                .put("token", token)
                .put("tlsServerName", tlsServerName)
                .put("insecure", insecure)
                .put("requestTimeout", requestTimeout);
        ArrayNode paths = node.putArray("files");
        files.forEach(paths::add);
        ArrayNode groups = node.putArray("asGroups");
        asGroups.forEach(groups::add);
        return node;
    }

    public static KubeOptions of(JsonNode node) {
        return new KubeOptions(
                texts(node.path("files")),
                node.path("explicit").asBoolean(false),
                node.path("context").asText(""),
                node.path("cluster").asText(""),
                node.path("user").asText(""),
                node.path("as").asText(""),
                texts(node.path("asGroups")),
                node.path("server").asText(""),
                node.path("token").asText(""),
                node.path("tlsServerName").asText(""),
                node.path("insecure").asBoolean(false),
                node.path("requestTimeout").asText(""));
    }

    private static List<String> texts(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(each -> all.add(each.asText()));
        return all;
    }

    /** Never the token. */
    @Override
    public String toString() {
        return "KubeOptions[files=" + files + " context=" + context + "]";
    }
}
