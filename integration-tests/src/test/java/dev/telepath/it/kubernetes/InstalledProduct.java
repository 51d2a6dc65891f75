package dev.telepath.it.kubernetes;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * This checkout as {@code tp install} puts it into the cluster of {@code KUBECONFIG}, with namespaces of its own, reached by
 * the product's own port-forward. {@link #close()} removes all of it.
 */
final class InstalledProduct implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private final Installation telepath = Installation.temporary();
    private final String home;
    private final ProductImages images;
    private final List<String> made = new ArrayList<>();

    private InstalledProduct(String name) {
        home = Objects.requireNonNullElse(System.getenv("TELEPATH_IT_PREFIX"), "telepath-it") + "-" + name + "-"
                + UUID.randomUUID().toString().substring(0, 6);
        images = new ProductImages(home);
        made.add(home);
    }

    /** One that is not installed. Skips the suite, with the reason, where there is no cluster or no way to load images. */
    static InstalledProduct here(String name) {
        assumeTrue(System.getenv("KUBECONFIG") != null, "skipped: KUBECONFIG is not set; it names the cluster to use");
        assumeTrue(ProductImages.possible(), "skipped: no load-image; set TELEPATH_CLUSTER_TOOLS");
        return new InstalledProduct(name);
    }

    /** Namespace of the manager. */
    String home() {
        return home;
    }

    Installation telepath() {
        return telepath;
    }

    /** Makes a namespace for workloads. */
    String namespace(String name) {
        String namespace = home + "-" + name;
        made.add(namespace);
        kubectl("create", "namespace", namespace).orFail();
        return namespace;
    }

    /**
     * @param sets {@code KEY=VALUE} of the chart
     */
    void install(String... sets) {
        loadImages();
        installInto(home, sets).orFail();
    }

    void loadImages() {
        images.load("manager", "agent");
    }

    /** With images that are loaded already. Another namespace than {@link #home()} is uninstalled by whoever asks. */
    Result installInto(String namespace, String... sets) {
        var command = new ArrayList<>(List.of("install", "-n", namespace, "--timeout", "120s"));
        command.addAll(images.installFlags());
        for (String each : sets) {
            command.addAll(List.of("--set", each));
        }
        return telepath.tp(command.toArray(String[]::new));
    }

    /** Applies a resource of the tests. */
    void apply(String where, String resource, Map<String, String> words) {
        String text;
        try (InputStream in =
                Objects.requireNonNull(InstalledProduct.class.getResourceAsStream("/kubernetes/" + resource))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (Map.Entry<String, String> word : words.entrySet()) {
            text = text.replace(word.getKey(), word.getValue());
        }
        Path file = telepath.write(telepath.directory().resolve(resource), text);
        kubectl("-n", where, "apply", "-f", file.toString()).orFail();
    }

    /** A workload that this machine reaches at that port of every node. */
    int reachable(String where, String name) {
        apply(where, "reachable.yaml", Map.of("NAME", name));
        kubectl("-n", where, "rollout", "status", "deployment/" + name, "--timeout=90s")
                .orFail();
        return nodePort(where, name);
    }

    /** At which port of every node a Service of that type is reached. */
    int nodePort(String where, String service) {
        return Integer.parseInt(
                kubectl("-n", where, "get", "service", service, "-o", "jsonpath={.spec.ports[0].nodePort}")
                        .orFail()
                        .out());
    }

    /** Address and name of the first node. */
    String node(String path) {
        return kubectl("get", "nodes", "-o", "jsonpath={.items[0]." + path + "}")
                .orFail()
                .out();
    }

    String nodeAddress() {
        return node("status.addresses[?(@.type==\"InternalIP\")].address");
    }

    /**
     * A user of the cluster with an identity of its own: a service account, which may connect, and may get tokens of
     * itself, and has no other right.
     *
     * @param in namespace of the account
     * @param workloads namespace of the context
     * @return a kubeconfig with a token of an hour
     */
    Path user(String name, String in, String workloads) {
        kubectl("-n", in, "create", "serviceaccount", name).orFail();
        String account = "--serviceaccount=" + in + ":" + name;
        kubectl("-n", home, "create", "rolebinding", name, "--role=telepath-client", account)
                .orFail();
        kubectl(
                        "-n",
                        in,
                        "create",
                        "role",
                        name,
                        "--verb=create",
                        "--resource=serviceaccounts/token",
                        "--resource-name=" + name)
                .orFail();
        kubectl("-n", in, "create", "rolebinding", name, "--role=" + name, account)
                .orFail();
        String token = kubectl("-n", in, "create", "token", name, "--duration=1h")
                .orFail()
                .out()
                .strip();
        String cluster = kubectl(
                        "config", "view", "--minify", "--flatten", "--raw", "-o", "jsonpath={.clusters[0].cluster}")
                .orFail()
                .out();
        return telepath.write(
                telepath.directory().resolve(name + ".kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: it
                clusters: [{name: it, cluster: %s}]
                users: [{name: it, user: {token: %s}}]
                contexts: [{name: it, context: {cluster: it, user: it, namespace: %s}}]
                """.formatted(cluster, token, workloads));
    }

    /** A configuration file for {@code --config}, with {@code stream.direct} as said. */
    Path directly(String word) {
        return telepath.write(
                telepath.directory().resolve("direct-" + word + ".yml"), "stream:\n  direct: \"" + word + "\"\n");
    }

    JsonNode status() {
        return statusOf("dev");
    }

    JsonNode statusOf(String user) {
        try {
            return JSON.readTree(
                    telepath.tpAs(user, "status", "--output", "json").out());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the first user's only engagement is at work. */
    boolean active() {
        JsonNode status = status();
        return status.path("connection").path("state").asText().equals("attached")
                && status.path("engagements")
                        .path(0)
                        .path("disposition")
                        .asText()
                        .equalsIgnoreCase("active");
    }

    Result kubectl(String... arguments) {
        var command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return telepath.runCommand(command, Map.of(), PATIENCE);
    }

    @Override
    public void close() {
        if (System.getenv("TELEPATH_IT_KEEP") == null) {
            kubectl(
                    "delete",
                    "mutatingwebhookconfiguration,clusterrole,clusterrolebinding",
                    "telepath-manager-" + home);
            kubectl("delete", "clusterrole,clusterrolebinding", "telepath-engage-" + home);
            made.forEach(each -> kubectl("delete", "namespace", each, "--wait=false"));
        }
        telepath.close();
    }
}
