package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import dev.telepath.harness.fault.Cut;
import dev.telepath.harness.fault.FaultProxy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code tp} by kubeconfig against a manager in a real cluster. */
@Timeout(240)
class ClientInClusterIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration HEALED = Duration.ofSeconds(60);
    private static String kubeconfig = "";
    private static Installation telepath;
    private static KubernetesClient kubernetes;
    private static ClusterInstallation cluster;
    private static String namespace;

    @BeforeAll
    static void install() throws Exception {
        kubeconfig = System.getenv().getOrDefault("KUBECONFIG", "");
        Optional<String> image = kubeconfig.isEmpty() ? Optional.empty() : ManagerImage.name();
        if (image.isEmpty()) {
            System.out.println("SKIPPED: tp in a cluster. Set KUBECONFIG, and TELEPATH_CLUSTER_TOOLS"
                    + " or TELEPATH_IT_MANAGER_IMAGE");
            Assumptions.abort("no cluster");
        }
        namespace = System.getProperty("telepath.it.prefix", "telepath-it") + "-client-"
                + UUID.randomUUID().toString().substring(0, 6);
        telepath = Installation.temporary().init();
        kubernetes = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(Path.of(kubeconfig).toFile()))
                .build();
        cluster = new ClusterInstallation(kubernetes, namespace);
        cluster.install(
                image.orElseThrow(),
                telepath.directory().resolve("manager"),
                "timeouts: {intercept: 40s}\ndns: {localIP: 127.0.0.9}\n");
    }

    @AfterAll
    static void uninstall() {
        if (telepath != null) {
            telepath.close();
        }
        if (cluster != null) {
            cluster.close();
        }
        if (kubernetes != null) {
            kubernetes.close();
        }
    }

    @AfterEach
    void quit() {
        telepath.tp("quit", "-s");
    }

    private static Result connect(String file, String... more) {
        List<String> arguments = new ArrayList<>(List.of("connect", "--output", "json", "--kubeconfig", file));
        arguments.addAll(List.of(more));
        return telepath.tp(arguments.toArray(String[]::new));
    }

    private static JsonNode connection() throws Exception {
        return JSON.readTree(telepath.tp("status", "--output", "json").out()).path("connection");
    }

    private static void healed(String session) {
        await().atMost(HEALED).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
            JsonNode connection = connection();
            assertThat(connection.path("state").asText()).isEqualTo("attached");
            JsonNode history = JSON.readTree(telepath.tp("status", "--history", "--output", "json")
                            .out())
                    .path("history");
            assertThat(history.findValuesAsText("state")).contains("suspended");
            assertThat(history.get(history.size() - 1).path("state").asText()).isEqualTo("attached");
            if (!session.isEmpty()) {
                assertThat(connection.path("session_id").asText()).isEqualTo(session);
            }
        });
    }

    @Test
    void connectsWithTheClustersKubeconfigOfAnRsaKey() throws Exception {
        Result result = connect(kubeconfig, "--manager-namespace", namespace).orFail();
        JsonNode told = JSON.readTree(result.out()).path("connection");
        assertThat(told.path("manager").asText()).startsWith("kubernetes:").endsWith("/" + namespace);
        assertThat(told.path("settings_not_used").toString()).contains("dns.localIP (cluster)");
        assertThat(connection().path("state").asText()).isEqualTo("attached");
        Result again = connect(kubeconfig, "--manager-namespace", namespace).orFail();
        assertThat(JSON.readTree(again.out()).path("already").asBoolean()).isTrue();
        assertThat(connect(kubeconfig, "--manager-namespace", "elsewhere").exit())
                .isEqualTo(7);
    }

    @Test
    void connectsWithAKubeconfigOfAnEllipticCurveKey() throws Exception {
        String curve = kubeconfig + "-ec";
        Assumptions.assumeTrue(Files.exists(Path.of(curve)), "SKIPPED: no kubeconfig " + curve);
        connect(curve, "--manager-namespace", namespace).orFail();
        assertThat(connection().path("state").asText()).isEqualTo("attached");
    }

    @Test
    void aUserWithTheClientRoleAloneConnectsAndTheKubeconfigNamesTheManagersNamespace() throws Exception {
        Path user = cluster.user("dev", ClusterInstallation.CLIENT, telepath.directory());
        connect(user.toString()).orFail();
        JsonNode connection = connection();
        assertThat(connection.path("state").asText()).isEqualTo("attached");
        assertThat(connection.path("namespace").asText()).isEqualTo("shop");
        telepath.tp("list").orFail();
    }

    @Test
    void eachRightThatIsMissingIsNamed() throws Exception {
        List<String> rights = List.of(
                "get configmaps", "create serviceaccounts/token", "list pods", "get and create pods/portforward");
        for (int missing = 0; missing < rights.size(); missing++) {
            var less = new ArrayList<>(ClusterInstallation.CLIENT);
            less.remove(missing);
            Path user = cluster.user("less-" + missing, less, telepath.directory());
            Result result = telepath.tp("connect", "--kubeconfig", user.toString());
            assertThat(result.exit()).as(result.all()).isEqualTo(5);
            assertThat(result.err()).contains("forbidden", rights.get(missing), namespace);
        }
    }

    @Test
    void aNamespaceWithoutAManagerIsToldAsThat() {
        Result result = connect(kubeconfig, "--manager-namespace", "default");
        assertThat(result.exit()).isEqualTo(4);
        assertThat(result.all()).contains("no Telepath manager in namespace default");
    }

    @Test
    void aConnectionToTheApiServerThatIsCutHealsAndSessionAndStreamsGoOn() throws Exception {
        URI server = URI.create(kubernetes.getConfiguration().getMasterUrl());
        try (var proxy = FaultProxy.before(new InetSocketAddress(server.getHost(), server.getPort()))) {
            connect(
                            kubeconfig,
                            "--manager-namespace",
                            namespace,
                            "--server",
                            "https://" + proxy.address(),
                            "--tls-server-name",
                            "kubernetes.default")
                    .orFail();
            String session = connection().path("session_id").asText();
            assertThat(session).isNotEmpty();
            int port = JSON.readTree(telepath.tp("status", "--output", "json").out())
                    .path("proxy")
                    .path("port")
                    .asInt();
            try (var kept = new KeptConnection(port, cluster.managerAddress(), 8443)) {
                assertThat(kept.get("/q/health/live")).isEqualTo(200);
                proxy.cut(Cut.RESET);
                healed(session);
                assertThat(kept.get("/q/health/live")).isEqualTo(200);
            }
        }
    }

    @Test
    void aDaemonThatIsReplacedTakesItsSessionAlong() throws Exception {
        connect(kubeconfig, "--manager-namespace", namespace).orFail();
        String session = connection().path("session_id").asText();
        telepath.tp("restart").orFail();
        assertThat(connection().path("session_id").asText()).isEqualTo(session);
    }

    @Test
    void aManagerPodThatIsKilledIsReplacedByTheNext() throws Exception {
        connect(kubeconfig, "--manager-namespace", namespace).orFail();
        cluster.killManager();
        healed("");
    }

    private static JsonNode doctor(String file) throws Exception {
        return JSON.readTree(
                telepath.tp("doctor", "--output", "json", "--kubeconfig", file, "--manager-namespace", namespace)
                        .out());
    }

    private static JsonNode check(JsonNode diagnosis, String id) {
        for (JsonNode each : diagnosis.path("checks")) {
            if (each.path("id").asText().equals(id)) {
                return each;
            }
        }
        throw new AssertionError("no check " + id + " in " + diagnosis);
    }

    @Test
    void theDoctorWalksTheWayThroughTheClusterBeforeAnybodyConnects() throws Exception {
        JsonNode diagnosis = doctor(kubeconfig);
        for (String id : List.of("TP-211", "TP-212", "TP-213", "TP-214", "TP-215")) {
            assertThat(check(diagnosis, id).path("outcome").asText())
                    .as(check(diagnosis, id).toString())
                    .isEqualTo("passed");
        }
        assertThat(check(diagnosis, "TP-202").path("outcome").asText()).isEqualTo("skipped");
    }

    @Test
    void theDoctorNamesTheRightThatIsMissing() throws Exception {
        var less = new ArrayList<>(ClusterInstallation.CLIENT);
        less.removeLast();
        Path user = cluster.user("ill", less, telepath.directory());
        JsonNode rights = check(doctor(user.toString()), "TP-213");
        assertThat(rights.path("outcome").asText()).isEqualTo("failed");
        assertThat(rights.path("detail").asText()).contains("create pods/portforward");
        assertThat(rights.path("fix").asText()).contains("telepath-client", namespace);
    }

    @Test
    void theDoctorSaysWhereNoManagerIs() throws Exception {
        JsonNode diagnosis = JSON.readTree(
                telepath.tp("doctor", "--output", "json", "--kubeconfig", kubeconfig, "--manager-namespace", "default")
                        .out());
        assertThat(check(diagnosis, "TP-214").path("detail").asText())
                .contains("no Telepath manager in namespace default");
        assertThat(check(diagnosis, "TP-215").path("outcome").asText()).isEqualTo("skipped");
    }

    @Test
    void gatheredLogsHoldThePodsOfTheManager() throws Exception {
        connect(kubeconfig, "--manager-namespace", namespace).orFail();
        Path file = telepath.directory().resolve("pods.zip");
        telepath.tp("gather-logs", "--get-pod-yaml", "--output-file", file.toString())
                .orFail();
        try (var zip = new ZipFile(file.toFile())) {
            var pod = zip.stream()
                    .filter(entry -> entry.getName().startsWith("pods/" + namespace + ".telepath-manager"))
                    .findFirst()
                    .orElseThrow();
            assertThat(new String(zip.getInputStream(pod).readAllBytes(), StandardCharsets.UTF_8))
                    .contains("kind: \"Pod\"", "telepath-manager");
        }
    }
}
