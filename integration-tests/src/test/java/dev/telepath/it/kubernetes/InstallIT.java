package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** {@code tp install}, {@code upgrade} and {@code uninstall} in a real cluster, each test in namespaces of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
@NullUnmarked
class InstallIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String EVERYTHING = "statefulsets,pods,services,configmaps,secrets,serviceaccounts,roles,"
            + "rolebindings,poddisruptionbudgets,networkpolicies";

    private final String prefix = Objects.requireNonNullElse(System.getenv("TELEPATH_IT_PREFIX"), "telepath-it")
            + "-install-" + ProcessHandle.current().pid();
    private final List<String> made = new ArrayList<>();
    private Installation telepath;
    private ProductImages images;

    @BeforeAll
    void load() {
        assumeTrue(System.getenv("KUBECONFIG") != null, "skipped: KUBECONFIG is not set; it names the cluster to use");
        assumeTrue(ProductImages.possible(), "skipped: no load-image; set TELEPATH_CLUSTER_TOOLS");
        telepath = Installation.temporary();
        images = new ProductImages(prefix);
        images.load("manager", "agent");
    }

    @AfterAll
    void close() {
        if (telepath != null) {
            telepath.close();
        }
    }

    @AfterEach
    void clean() {
        if (telepath == null) {
            return;
        }
        telepath.tp("quit", "-s");
        for (String each : made) {
            kubectl(
                    "delete",
                    "mutatingwebhookconfiguration,clusterrole,clusterrolebinding",
                    "telepath-manager-" + each);
            kubectl("delete", "namespace", each, "--wait=false");
        }
        made.clear();
    }

    private String namespace(String name) {
        String namespace = prefix + "-" + name;
        made.add(namespace);
        return namespace;
    }

    private void create(String namespace) {
        kubectl("create", "namespace", namespace).orFail();
    }

    private Result kubectl(String... arguments) {
        var command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return telepath.runCommand(command, Map.of(), PATIENCE);
    }

    private Result tp(String command, String namespace, String... more) {
        var arguments = new ArrayList<>(List.of(command, "-n", namespace));
        arguments.addAll(List.of(more));
        return telepath.tp(arguments.toArray(String[]::new));
    }

    /** With the images of this checkout. */
    private Result install(String command, String namespace, String... more) {
        var flags = new ArrayList<>(images.installFlags());
        flags.addAll(List.of("--timeout", "120s"));
        flags.addAll(List.of(more));
        return tp(command, namespace, flags.toArray(String[]::new));
    }

    /** All that is there, without what every namespace has of itself. */
    private String left(String namespace) {
        String own = kubectl("-n", namespace, "get", EVERYTHING, "-o", "name", "--ignore-not-found")
                .out()
                .lines()
                .filter(each -> !each.equals("serviceaccount/default") && !each.equals("configmap/kube-root-ca.crt"))
                .collect(Collectors.joining("\n"));
        return own
                + kubectl(
                                "get",
                                "mutatingwebhookconfigurations,clusterroles,clusterrolebindings",
                                "-o",
                                "name",
                                "--ignore-not-found",
                                "telepath-manager-" + namespace)
                        .out();
    }

    @Test
    void isInstalledConnectedUpgradedAndUninstalledAndNothingIsLeft() throws Exception {
        String namespace = namespace("life");
        Result installed = install("install", namespace, "--set", "legacy.enabled=true", "--output", "json")
                .orFail();
        JsonNode told = JSON.readTree(installed.out());
        assertThat(told.path("created_namespace").asBoolean()).isTrue();
        assertThat(told.path("manager").asText()).startsWith("Telepath manager ");
        assertThat(told.path("webhook").asText()).isEqualTo("it answers the API server");
        telepath.tp("connect", "--manager-namespace", namespace).orFail();
        assertThat(telepath.tp("status").out()).contains("attached");
        assertThat(kubectl("-n", namespace, "get", "service", "traffic-manager").exit())
                .isZero();
        assertThat(install("install", namespace).exit()).isEqualTo(7);

        String keys = keys(namespace);
        assertThat(keys).contains("signing.key");
        // Another value alone: images are those of before, what is not wanted any more goes.
        JsonNode upgraded = JSON.readTree(tp(
                        "upgrade",
                        namespace,
                        "--reuse-values",
                        "--set",
                        "legacy.enabled=false,client.timeouts.clusterConnect=31s",
                        "--output",
                        "json")
                .orFail()
                .out());
        assertThat(upgraded.path("upgraded").asBoolean()).isTrue();
        assertThat(upgraded.path("pruned").findValuesAsText("name")).containsExactly("traffic-manager");
        assertThat(kubectl("-n", namespace, "get", "service", "traffic-manager").exit())
                .isNotZero();
        assertThat(keys(namespace)).isEqualTo(keys);
        assertThat(kubectl("-n", namespace, "get", "configmap", "telepath-manager", "-o", "yaml")
                        .out())
                .contains("31s", "BEGIN CERTIFICATE");

        tp("uninstall", namespace).orFail();
        assertThat(kubectl("get", "namespace", namespace).exit()).isNotZero();
        assertThat(left(namespace)).isEmpty();
        assertThat(tp("uninstall", namespace).exit()).isEqualTo(6);
    }

    /** Whether the networks that tp knows are those of the cluster: exactly, or as far as its addresses tell. */
    private void networksAreTold(String namespace, boolean exactly) {
        String ranges = kubectl("get", "servicecidrs", "-o", "jsonpath={.items[*].spec.cidrs[*]}")
                .out()
                .strip();
        String pod = kubectl("-n", namespace, "get", "pod", "telepath-manager-0", "-o", "jsonpath={.status.podIP}")
                .out()
                .strip();
        telepath.tp("connect", "--manager-namespace", namespace).orFail();
        await().atMost(PATIENCE).untilAsserted(() -> {
            JsonNode network = JSON.readTree(
                            telepath.tp("status", "--output", "json").orFail().out())
                    .path("network");
            String services = network.path("services").path(0).asText();
            assertThat(network.path("services").size()).isEqualTo(1);
            if (exactly) {
                assertThat(services).isEqualTo(ranges);
            } else {
                assertThat(within(address(services), ranges)).as(services).isTrue();
            }
            assertThat(within(network.path("dns").asText(), exactly ? services : ranges))
                    .isTrue();
            assertThat(network.path("pods").valueStream().map(JsonNode::asText))
                    .as(() -> "around " + pod + "; the manager said:\n"
                            + kubectl("-n", namespace, "logs", "telepath-manager-0")
                                    .out())
                    .anyMatch(range -> within(pod, range));
        });
        assertThat(telepath.tp("status").out()).contains("network", "services ");
        telepath.tp("quit", "-s");
    }

    private static String address(String network) {
        return network.substring(0, Math.max(0, network.indexOf('/')));
    }

    /** IPv4, by its bits. */
    private static boolean within(String address, String network) {
        int prefix = Integer.parseInt(network.substring(network.indexOf('/') + 1));
        return bits(address).substring(0, prefix).equals(bits(address(network)).substring(0, prefix));
    }

    private static String bits(String address) {
        return Arrays.stream(address.split("\\."))
                .map(part ->
                        Integer.toBinaryString(256 + Integer.parseInt(part)).substring(1))
                .collect(Collectors.joining());
    }

    @Test
    void theNetworksOfTheClusterAreToldWithTheRightsToReadThemAndWithout() throws Exception {
        String whole = namespace("networks");
        install("install", whole).orFail();
        networksAreTold(whole, true);
        tp("uninstall", whole).orFail();

        String around = namespace("around");
        install("install", around, "--set", "podCIDRStrategy=coverPodIPs", "--set", "namespaces={" + around + "}")
                .orFail();
        String role = "telepath-manager-" + around;
        JsonNode rules = JSON.readTree(kubectl("get", "clusterrole", role, "-o", "json")
                        .orFail()
                        .out())
                .path("rules");
        int index = rules.valueStream()
                .map(rule -> rule.path("resources").path(0).asText())
                .toList()
                .indexOf("servicecidrs");
        kubectl(
                        "patch",
                        "clusterrole",
                        role,
                        "--type=json",
                        "-p",
                        "[{\"op\":\"remove\",\"path\":\"/rules/" + index + "\"}]")
                .orFail();
        kubectl("-n", around, "rollout", "restart", "statefulset/telepath-manager")
                .orFail();
        kubectl("-n", around, "rollout", "status", "statefulset/telepath-manager", "--timeout=120s")
                .orFail();
        networksAreTold(around, false);
    }

    private String keys(String namespace) {
        return kubectl("-n", namespace, "get", "secret", "telepath-manager-keys", "-o", "jsonpath={.data}")
                .out();
    }

    @Test
    void anAgentThatCameOnDemandGoesWithTheInstallationAndItsStampToo() throws Exception {
        String shop = namespace("shop");
        String namespace = namespace("agents");
        create(shop);
        create(namespace);
        String before = left(namespace);
        install("install", namespace, "--set", "namespaces={" + shop + "}").orFail();
        echo(shop);
        telepath.tp("connect", "--manager-namespace", namespace, "-n", shop).orFail();
        telepath.tp("ingest", "web").orFail();
        assertThat(template(shop)).contains("telepath.dev/restarted-at");
        telepath.tp("quit", "-s");

        JsonNode gone = JSON.readTree(
                tp("uninstall", namespace, "--output", "json").orFail().out());
        assertThat(gone.path("agents_removed").path(0).asText()).isEqualTo("Deployment web in namespace " + shop);
        assertThat(gone.path("removed_namespace").asBoolean()).isFalse();
        assertThat(template(shop)).doesNotContain("restarted-at");
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(
                                kubectl("-n", shop, "get", "pods", "-o", "yaml").out())
                        .contains("app: web")
                        .doesNotContain("telepath.dev/workload"));
        assertThat(left(namespace)).isEqualTo(before);
        assertThat(kubectl("-n", shop, "get", "roles,rolebindings", "-o", "name")
                        .out())
                .isEmpty();
    }

    private String template(String shop) {
        return kubectl("-n", shop, "get", "deployment", "web", "-o", "jsonpath={.spec.template.metadata.annotations}")
                .out();
    }

    private void echo(String where) throws Exception {
        String text;
        try (InputStream in = Objects.requireNonNull(InstallIT.class.getResourceAsStream("/kubernetes/echo.yaml"))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        Path file = telepath.write(
                telepath.directory().resolve("echo.yaml"),
                text.replace("KIND", "Deployment").replace("\"INJECT\"", "\"\"").replace("NAME", "web"));
        kubectl("-n", where, "apply", "-f", file.toString()).orFail();
        kubectl("-n", where, "rollout", "status", "deployment/web", "--timeout=90s")
                .orFail();
    }

    @Test
    void anImageThatIsNotThereIsToldWithinSecondsAndTheNextInstallGoesOn() {
        String namespace = namespace("image");
        long began = System.nanoTime();
        Result result = install("install", namespace, "--set-string", "image.tag=nowhere");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
        assertThat(result.exit()).as(result.all()).isEqualTo(1);
        assertThat(result.err()).contains("the image", images.repository("manager") + ":nowhere", "image.tag");
        install("install", namespace).orFail();
        assertThat(install("upgrade", namespace, "--set-string", "image.tag=nowhere")
                        .exit())
                .isEqualTo(1);
        // The values that worked last, not those that failed.
        tp("upgrade", namespace, "--reuse-values", "--timeout", "120s").orFail();
        tp("uninstall", namespace).orFail();
        assertThat(left(namespace)).isEmpty();
    }

    @Test
    void whatForbidsThePodIsTold() {
        String namespace = namespace("quota");
        create(namespace);
        kubectl("-n", namespace, "create", "quota", "few", "--hard=pods=0").orFail();
        Result result = install("install", namespace);
        assertThat(result.exit()).as(result.all()).isEqualTo(1);
        assertThat(result.err()).contains("a quota of the namespace forbids", "exceeded quota: few");
        kubectl("-n", namespace, "delete", "quota", "few").orFail();
        kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
                .orFail();
        result = install("install", namespace, "--set", "hostNetwork=true");
        assertThat(result.exit()).as(result.all()).isEqualTo(1);
        assertThat(result.err()).contains("the pod security level of the namespace forbids", "hostNetwork");
        install("upgrade", namespace, "--install").orFail();
        tp("uninstall", namespace).orFail();
    }

    @Test
    void aManagerThatCannotStartIsToldWithItsLastLines() {
        String namespace = namespace("crash");
        Result result = install("install", namespace, "--set", "settings.sessions\\.max=many");
        assertThat(result.exit()).as(result.all()).isEqualTo(1);
        assertThat(result.err()).contains("ends again and again", "exit code", "sessions");
        tp("uninstall", namespace).orFail();
    }

    @Test
    void aUserWhoMayNotIsToldWhichRightsAreMissingAndNothingIsMade() {
        String namespace = namespace("rights");
        create(namespace);
        String before = left(namespace);
        Result result = install("install", namespace, "--as", "nobody");
        assertThat(result.exit()).as(result.all()).isEqualTo(5);
        assertThat(result.err()).contains("forbidden", "get secrets in namespace " + namespace);
        kubectl("-n", namespace, "create", "rolebinding", "edit", "--clusterrole=admin", "--user=owner")
                .orFail();
        result = install("install", namespace, "--as", "owner");
        assertThat(result.exit()).as(result.all()).isEqualTo(5);
        assertThat(result.err())
                .contains("create clusterroles.rbac.authorization.k8s.io", "nothing was changed")
                .doesNotContain("create services");
        kubectl("-n", namespace, "delete", "rolebinding", "edit").orFail();
        assertThat(left(namespace)).isEqualTo(before);
    }

    @Test
    void aValueThatIsWrongIsRefusedBeforeTheClusterIsAsked() {
        String namespace = namespace("typo");
        Result result = install("install", namespace, "--set", "agent.prot=9900");
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains("there is no value agent.prot; did you mean agent.port?");
        assertThat(kubectl("get", "namespace", namespace).exit()).isNotZero();
    }

    @Test
    void whatHelmOrSomebodyElseHasMadeIsNotTouched() {
        String namespace = namespace("helm");
        create(namespace);
        kubectl("-n", namespace, "create", "serviceaccount", "telepath-manager").orFail();
        Result result = install("install", namespace);
        assertThat(result.exit()).as(result.all()).isEqualTo(7);
        assertThat(result.err()).contains("ServiceAccount telepath-manager", "was not made by tp install");
        kubectl("-n", namespace, "label", "serviceaccount", "telepath-manager", "app.kubernetes.io/managed-by=Helm")
                .orFail();
        kubectl("-n", namespace, "annotate", "serviceaccount", "telepath-manager", "meta.helm.sh/release-name=tele")
                .orFail();
        for (String command : List.of("install", "upgrade", "uninstall")) {
            result = command.equals("uninstall") ? tp(command, namespace) : install(command, namespace);
            assertThat(result.exit()).as(result.all()).isEqualTo(7);
            assertThat(result.err())
                    .contains("installed by helm", "helm u")
                    .contains((command.equals("uninstall") ? "uninstall" : "upgrade") + " tele");
        }
        assertThat(kubectl("-n", namespace, "get", "serviceaccount", "telepath-manager")
                        .exit())
                .isZero();
    }
}
