package dev.telepath.it.kubernetes;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * This checkout's manager and agent in the cluster of {@code KUBECONFIG}, in two namespaces of their own, and a {@code tp}
 * that reaches the manager by a port-forward. {@link #close()} removes all of it.
 */
final class ClusterRig implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Installation installation = Installation.temporary();
    private final String namespace = Objects.requireNonNullElse(System.getenv("TELEPATH_IT_PREFIX"), "telepath-it")
            + "-" + UUID.randomUUID().toString().substring(0, 6);
    private final ProductImages images = new ProductImages(namespace);
    private final int port = installation.managerPort();
    private @Nullable Running forward;

    /** One that is not started. Skips the suite, with the reason, where there is no cluster or no way to load images. */
    static ClusterRig here() {
        assumeTrue(System.getenv("KUBECONFIG") != null, "skipped: KUBECONFIG is not set; it names the cluster to use");
        assumeTrue(ProductImages.possible(), "skipped: no load-image; set TELEPATH_CLUSTER_TOOLS");
        return new ClusterRig();
    }

    /** Namespace of the manager and of workloads that may do what they like. */
    String open() {
        return namespace;
    }

    /** Namespace that enforces the restricted pod security profile. */
    String restricted() {
        return namespace + "-restricted";
    }

    /** Namespace that the manager cares for, and whose pods the API server does not show to its webhook. */
    String unasked() {
        return namespace + "-unasked";
    }

    private List<String> namespaces() {
        return List.of(open(), restricted(), unasked());
    }

    /** Name of the webhook's configuration, as of all objects of the whole cluster. */
    String webhook() {
        return "telepath-manager-" + open();
    }

    void start() {
        images.load("manager", "agent");
        namespaces().forEach(one -> kubectl("create", "namespace", one).orFail());
        kubectl("label", "namespace", restricted(), "pod-security.kubernetes.io/enforce=restricted")
                .orFail();
        keys();
        manager();
        managerIsUp();
        kubectl("-n", open(), "run", "caller", "--image=echo:1", "--image-pull-policy=Never", "--restart=Never")
                .orFail();
        kubectl("-n", open(), "wait", "--for=condition=Ready", "pod/caller", "--timeout=60s")
                .orFail();
    }

    /** Applies the manager's objects; those that are there already stay. */
    void manager() {
        apply(
                open(),
                "manager.yaml",
                Map.of(
                        "HOME_NS",
                        open(),
                        "MANAGED",
                        String.join(",", namespaces()),
                        "ASKED",
                        open() + "," + restricted(),
                        "AGENT_IMAGE",
                        images.name("agent"),
                        "image: IMAGE",
                        "image: " + images.name("manager")));
    }

    private void keys() {
        Path data = installation.directory().resolve("keys");
        String service = "telepath-manager." + open();
        String names = String.join(",", "telepath-manager", service, service + ".svc", service + ".svc.cluster.local");
        Result made = installation
                .run(
                        Program.MANAGER,
                        Map.of("TELEPATH_MANAGER_SERVER_NAMES", names),
                        "init",
                        "--data-dir",
                        data.toString())
                .orFail();
        for (String name : List.of("client-token", "agent-token")) {
            String token = made.out()
                    .lines()
                    .filter(line -> line.startsWith(name + "="))
                    .findFirst()
                    .orElseThrow()
                    .substring(name.length() + 1);
            installation.write(installation.tokenFile(name), token + "\n");
        }
        kubectl("-n", open(), "create", "secret", "generic", "telepath-manager-keys", "--from-file=" + data)
                .orFail();
        for (String one : namespaces()) {
            kubectl(
                            "-n",
                            one,
                            "create",
                            "secret",
                            "generic",
                            "telepath-agent-token",
                            "--from-file=token=" + installation.tokenFile("agent-token"))
                    .orFail();
        }
    }

    /** Has the manager inject another image; null for the right one. */
    void agentImage(@Nullable String image) {
        managerSettings("TELEPATH_MANAGER_AGENTS_IMAGE=" + Objects.requireNonNullElse(image, images.name("agent")));
    }

    /**
     * Restarts the manager with other settings.
     *
     * @param settings as of {@code kubectl set env}: {@code NAME=VALUE}, or {@code NAME-} to take one away
     */
    void managerSettings(String... settings) {
        var command = new ArrayList<>(List.of("-n", open(), "set", "env", "deploy/telepath-manager"));
        command.addAll(List.of(settings));
        kubectl(command.toArray(String[]::new)).orFail();
        managerIsUp();
        attached();
    }

    private void attached() {
        await().atMost(PATIENCE).until(() -> {
            tp("reconnect");
            return tp("status").out().contains("Connection: attached");
        });
    }

    /** Puts another pod of the manager in the place of the one that runs. */
    void restartManager() {
        kubectl("-n", open(), "rollout", "restart", "deploy/telepath-manager").orFail();
        managerIsUp();
        attached();
    }

    /** Does something while there is no manager. */
    void withoutManager(Runnable meanwhile) {
        kubectl("-n", open(), "scale", "deploy/telepath-manager", "--replicas=0")
                .orFail();
        await().atMost(PATIENCE)
                .until(() -> kubectl("-n", open(), "get", "pods", "-l", "app=telepath-manager", "-o", "name")
                        .out()
                        .isBlank());
        meanwhile.run();
        kubectl("-n", open(), "scale", "deploy/telepath-manager", "--replicas=1")
                .orFail();
        managerIsUp();
    }

    private void managerIsUp() {
        kubectl("-n", open(), "rollout", "status", "deploy/telepath-manager", "--timeout=90s")
                .orFail();
        await().atMost(PATIENCE)
                .until(() -> kubectl("-n", open(), "get", "pods", "-l", "app=telepath-manager", "-o", "name")
                                .out()
                                .lines()
                                .count()
                        == 1);
        if (forward != null) {
            forward.close();
        }
        forward = installation.start(
                "forward",
                List.of("kubectl", "-n", open(), "port-forward", "svc/telepath-manager", port + ":8443"),
                Map.of());
        await().atMost(PATIENCE).ignoreExceptions().until(() -> {
            try (var probe = new java.net.Socket("127.0.0.1", port)) {
                return probe.isConnected();
            }
        });
    }

    void connect(String to) {
        installation
                .tp(
                        "connect",
                        "--manager",
                        managerAddress(),
                        "--token-file",
                        installation.tokenFile("client-token").toString(),
                        "--namespace",
                        to)
                .orFail();
    }

    /** Where the manager answers on this machine. */
    String managerAddress() {
        return "127.0.0.1:" + port;
    }

    String clientToken() {
        try {
            return Files.readString(installation.tokenFile("client-token")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Result tp(String... arguments) {
        return installation.tp(arguments);
    }

    /** Applies the sample workload, and waits until it is there. */
    void echo(String where, String kind, String name, String targetPort, String inject) {
        apply(
                where,
                "echo.yaml",
                Map.of(
                        "KIND",
                        kind,
                        "NAME",
                        name,
                        "\"INJECT\"",
                        "\"" + inject + "\"",
                        "targetPort: http",
                        "targetPort: " + targetPort));
        if (kind.equals("ReplicaSet")) {
            podsAreReady(where, name);
            return;
        }
        kubectl("-n", where, "rollout", "status", kind + "/" + name, "--timeout=90s")
                .orFail();
    }

    /** Applies resource {@code NAME.yaml} in the open namespace. */
    void workload(String name, Map<String, String> words) {
        apply(open(), name + ".yaml", words);
    }

    /** Waits until there are pods with that {@code app} label, and all of them are ready. */
    void podsAreReady(String where, String app) {
        await().atMost(PATIENCE)
                .until(() -> kubectl("-n", where, "wait", "--for=condition=Ready", "pod", "-l", "app=" + app)
                                .exit()
                        == 0);
    }

    /** Names of the containers of all running pods with that {@code app} label. */
    String containers(String where, String app) {
        return kubectl(
                        "-n",
                        where,
                        "get",
                        "pods",
                        "-l",
                        "app=" + app,
                        "--field-selector",
                        "status.phase=Running",
                        "-o",
                        "jsonpath={..spec.containers[*].name}")
                .orFail()
                .out()
                .strip();
    }

    /** The pod template of a workload, as the API server tells it. */
    String template(String where, String kind, String name) {
        return kubectl("-n", where, "get", kind, name, "-o", "jsonpath={.spec.template}")
                .orFail()
                .out();
    }

    void apply(String where, String resource, Map<String, String> words) {
        String text;
        try (InputStream in = Objects.requireNonNull(ClusterRig.class.getResourceAsStream("/kubernetes/" + resource))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        // The longest first: one word is part of another.
        for (String word : words.keySet().stream()
                .sorted((a, b) -> b.length() - a.length())
                .toList()) {
            text = text.replace(word, words.get(word));
        }
        Path file = installation.write(installation.directory().resolve(resource), text);
        kubectl("-n", where, "apply", "-f", file.toString()).orFail();
    }

    /** What a pod of the cluster gets from a Service. */
    String called(String where, String service) {
        return got(service + "." + where);
    }

    /** What this machine gets from a Service, by its name and through the proxy of {@code tp}. */
    String calledFromHere(String where, String service) throws IOException {
        int port = new ObjectMapper()
                .readTree(tp("status", "--output", "json").orFail().out())
                .path("proxy")
                .path("port")
                .asInt();
        var proxy = new Proxy(Proxy.Type.SOCKS, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        try (var http = new Http(proxy, InetSocketAddress.createUnresolved(service + "." + where, 80))) {
            return http.get("/whoami");
        }
    }

    /** What a pod of the cluster gets from an HTTP server. */
    String got(String address) {
        return inCaller("/echo", "get", "http://" + address + "/whoami").out();
    }

    /** Runs a command in a pod of the cluster, for at most 5 seconds. */
    Result inCaller(String... arguments) {
        var command = new ArrayList<>(List.of("-n", open(), "exec", "caller", "--", "timeout", "5"));
        command.addAll(List.of(arguments));
        return kubectl(command.toArray(String[]::new));
    }

    Result kubectl(String... arguments) {
        var command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private Result run(String... command) {
        return installation.runCommand(List.of(command), Map.of(), PATIENCE);
    }

    @Override
    public void close() {
        if (System.getenv("TELEPATH_IT_KEEP") == null) {
            kubectl("delete", "mutatingwebhookconfiguration,clusterrole,clusterrolebinding", webhook());
            kubectl("delete", "namespace", open(), restricted(), unasked(), "--wait=false");
        }
        installation.close();
    }
}
