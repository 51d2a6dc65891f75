package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Result;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * Several users of one cluster, each with a service account of their own as identity and no right but those a test gives:
 * two share a workload by filters, others may not have it. Steps of one story, in order.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
@NullUnmarked
class UsersIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private InstalledProduct product;
    private LocalProcess alices;
    private LocalProcess bobs;
    private String team;
    private String shop;
    private String vault;
    private URI web;

    @BeforeAll
    void install() throws Exception {
        product = InstalledProduct.here("users");
        alices = LocalProcess.start("of alice");
        bobs = LocalProcess.start("of bob");
        product.install("clientRbac.engageAll=false");
        team = product.namespace("team");
        shop = product.namespace("shop");
        vault = product.namespace("vault");
        web = URI.create("http://" + product.nodeAddress() + ":" + product.reachable(shop, "web") + "/whoami");
        product.reachable(vault, "gold");
        for (String name : List.of("alice", "bob", "carol")) {
            connect(name, product.user(name, team, shop), team + "/" + name).orFail();
        }
        mayEngage("alice", shop);
        product.kubectl("-n", shop, "create", "role", "deployers", "--verb=patch", "--resource=deployments.apps")
                .orFail();
        product.kubectl(
                        "-n",
                        shop,
                        "create",
                        "rolebinding",
                        "bob",
                        "--role=deployers",
                        "--serviceaccount=" + team + ":bob")
                .orFail();
    }

    @AfterAll
    void end() {
        if (product != null) {
            product.close();
        }
        for (LocalProcess each : new LocalProcess[] {alices, bobs}) {
            if (each != null) {
                each.close();
            }
        }
    }

    private Result connect(String name, Path kubeconfig, String account) throws Exception {
        Path settings = product.telepath().home(name).resolve("config/telepath/config.yml");
        Files.createDirectories(settings.getParent());
        Files.writeString(settings, "kubernetes.service-account: " + account + "\n");
        return product.telepath()
                .tpAs(name, "connect", "--kubeconfig", kubeconfig.toString(), "--manager-namespace", product.home());
    }

    private void mayEngage(String name, String where) {
        product.kubectl(
                        "-n",
                        where,
                        "create",
                        "rolebinding",
                        name + "-engages",
                        "--clusterrole=telepath-engage-" + product.home(),
                        "--serviceaccount=" + team + ":" + name)
                .orFail();
    }

    private Result tp(String user, String... arguments) {
        return product.telepath().tpAs(user, arguments);
    }

    private Result intercept(String user, int port, String... more) {
        var arguments = new ArrayList<>(List.of("intercept", "web", "--port", port + ":80"));
        arguments.addAll(List.of(more));
        return tp(user, arguments.toArray(String[]::new));
    }

    private String as(String user) throws Exception {
        return HTTP.send(
                        HttpRequest.newBuilder(web)
                                .header("x-user", user)
                                .timeout(Duration.ofSeconds(10))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private String containers(String where, String app) {
        return product.kubectl(
                        "-n", where, "get", "pods", "-l", "app=" + app, "-o", "jsonpath={..spec.containers[*].name}")
                .orFail()
                .out();
    }

    private static void denied(Result refused, String... words) {
        assertThat(refused.exit()).as(refused.all()).isEqualTo(5);
        assertThat(refused.err()).contains(words);
    }

    @Test
    @Order(1)
    void whoHasNoRightToAWorkloadIsRefusedAndTheWorkloadIsLeftAlone() {
        String carol = "system:serviceaccount:" + team + ":carol";
        denied(
                intercept("carol", alices.port()),
                carol + " may not engage Deployment web in namespace " + shop,
                "engage deployments.apps",
                "telepath-engage-");
        denied(tp("carol", "ingest", "web"), carol, "may not engage");
        denied(tp("carol", "wiretap", "web", "--port", alices.port() + ":80"), carol, "may not engage");
        denied(tp("carol", "replace", "web", "--port", alices.port() + ":80"), carol, "may not engage");
        assertThat(containers(shop, "web")).doesNotContain("telepath-agent");
    }

    @Test
    @Order(2)
    void whoMayEngageOrPatchAWorkloadSharesItByFiltersAndAnOverlapIsRefusedWithAnExample() {
        Result alice = intercept("alice", alices.port(), "--http-header", "x-user=alice");
        assertThat(alice.exit()).as(alice.all()).isZero();
        Result overlap = intercept("bob", bobs.port(), "--http-path-prefix", "/whoami");
        assertThat(overlap.exit()).as(overlap.all()).isEqualTo(7);
        assertThat(overlap.err()).contains("GET /whoami with x-user: alice", "is for both");
        Result bob = intercept("bob", bobs.port(), "--http-header", "x-user=bob");
        assertThat(bob.exit()).as(bob.all()).isZero();
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> {
            assertThat(as("alice")).isEqualTo("of alice");
            assertThat(as("bob")).isEqualTo("of bob");
            assertThat(as("carol")).contains("\"uri\": \"/whoami\"");
        });
    }

    @Test
    @Order(3)
    void aRightInOneNamespaceIsNoneInAnother() {
        denied(
                tp("alice", "intercept", "gold", "--namespace", vault, "--port", alices.port() + ":80"),
                "may not engage Deployment gold in namespace " + vault);
        assertThat(containers(vault, "gold")).doesNotContain("telepath-agent");
    }

    @Test
    @Order(4)
    void whoIsGivenTheRightHasItWithinSeconds() {
        mayEngage("carol", shop);
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            Result carol = intercept("carol", alices.port(), "--http-header", "x-user=carol");
            assertThat(carol.exit()).as(carol.all()).isZero();
        });
        await().atMost(SOON)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(as("carol")).isEqualTo("of alice"));
        tp("carol", "leave", "web").orFail();
    }

    @Test
    @Order(5)
    void theSharedAccountMayEngageNothingWhereTheChartSaysSo() throws Exception {
        connect("dave", product.user("dave", team, shop), "telepath-client").orFail();
        denied(
                intercept("dave", alices.port(), "--http-header", "x-user=dave"),
                "system:serviceaccount:" + product.home() + ":telepath-client may not engage");
        tp("dave", "quit", "-s").orFail();
    }

    @Test
    @Order(6)
    void anAccountWithoutTheClientsRoleIsNobodysAtTheManager() throws Exception {
        Path eve = product.user("eve", team, shop);
        product.kubectl("-n", product.home(), "delete", "rolebinding", "eve").orFail();
        Result refused = connect("eve", eve, team + "/eve");
        denied(refused, "get configmaps");
        tp("eve", "quit", "-s");
    }
}
