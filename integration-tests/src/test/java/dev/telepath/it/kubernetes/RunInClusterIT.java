package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** {@code tp run} by kubeconfig: what its command reaches of a real cluster, and that this machine stays as it was. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
@NullUnmarked
class RunInClusterIT {
    private static final String GET = "curl -sS -m 20 ";
    private static final String MACHINE =
            "ip -o link | sed 's/^[0-9]*: //; s/@.*//' | grep '^tp'; ip route; ip -6 route; ip rule; cat /etc/resolv.conf";

    private static final String DEV = "dev";
    /** A user with a daemon of his own. */
    private static final String OTHER = "other";

    private InstalledProduct product;
    private String shop;
    private String machine;

    @BeforeAll
    void install() {
        product = InstalledProduct.here("run");
        Namespace.missing().ifPresent(why -> assumeTrue(false, "skipped: " + why));
        product.install();
        shop = product.namespace("shop");
        product.apply(shop, "ports.yaml", Map.of());
        product.apply(shop, "headless.yaml", Map.of());
        product.apply(shop, "external.yaml", Map.of("NAME", "elsewhere"));
        product.apply(shop, "external.yaml", Map.of("NAME", "abroad"));
        product.apply(shop, "echo.yaml", Map.of("KIND", "Deployment", "NAME", "web", "INJECT", ""));
        for (String each : List.of("deployment/ports", "statefulset/headless", "deployment/web")) {
            product.kubectl("-n", shop, "rollout", "status", each, "--timeout=90s")
                    .orFail();
        }
        machine = machine(MACHINE).out();
        connect(DEV);
        // The manager looks at Services and pods on its own, and tells clients a little later.
        String service = "http://" + address("service/ports", "{.spec.clusterIP}") + "/hostname";
        String hostname = pod("ports", ".metadata.name") + "\n";
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(run(GET + service).out()).isEqualTo(hostname));
    }

    @AfterAll
    void uninstall() {
        if (product != null) {
            product.close();
        }
    }

    private void connect(String user, String... more) {
        List<String> arguments = new ArrayList<>(List.of("connect", "--kubeconfig", System.getenv("KUBECONFIG")));
        arguments.addAll(List.of("--manager-namespace", product.home(), "--namespace", shop));
        arguments.addAll(List.of(more));
        product.telepath().tpAs(user, arguments.toArray(String[]::new)).orFail();
    }

    private Result run(String script) {
        return runAs(DEV, script);
    }

    private Result runAs(String user, String script) {
        return product.telepath().tpAs(user, "run", "--", "bash", "-c", script);
    }

    /** Runs a command by no way of tp. */
    private Result machine(String script) {
        return product.telepath().runCommand(List.of("bash", "-c", script), Map.of(), Duration.ofMinutes(1));
    }

    private String address(String object, String path) {
        return product.kubectl("-n", shop, "get", object, "-o", "jsonpath=" + path)
                .orFail()
                .out();
    }

    private String pod(String app, String path) {
        return product.kubectl("-n", shop, "get", "pods", "-l", "app=" + app, "-o", "jsonpath={.items[0]" + path + "}")
                .orFail()
                .out();
    }

    private String domain() {
        return shop + ".svc.cluster.local";
    }

    @Test
    void aServiceIsReachedByEachOfItsNamesAndByNobodyElseOnThisMachine() {
        assertThat(machine("getent hosts ports." + domain()).exit()).isNotZero();
        String hostname = pod("ports", ".metadata.name") + "\n";
        String script = "for each in ports ports." + shop + " ports." + shop + ".svc ports." + domain() + " ports."
                + domain() + ".; do " + GET + "http://$each/hostname || echo failed $each; done";
        assertThat(run(script).orFail().out()).isEqualTo(hostname.repeat(5));
    }

    @Test
    void aServiceAndAPodAreReachedByTheirAddresses() {
        String service = address("service/ports", "{.spec.clusterIP}");
        String hostname = pod("ports", ".metadata.name") + "\n";
        // Whatever this machine's own gateway says to an address that it does not know, it is not the pod's answer.
        assertThat(machine("curl -sS -m 2 http://" + service + "/hostname").out())
                .as("this machine has a way of its own, so that nothing would be proved")
                .isNotEqualTo(hostname);
        assertThat(run(GET + "http://" + service + "/hostname; " + GET + "http://" + pod("ports", ".status.podIP")
                                + ":8080/hostname")
                        .orFail()
                        .out())
                .isEqualTo(hostname + hostname);
    }

    @Test
    void aPodOfAStatefulSetIsReachedByItsOwnName() {
        String script = "for each in headless-0.headless headless-0.headless." + domain() + "; do " + GET
                + "http://$each:8080/hostname || echo failed $each; done";
        assertThat(run(script).orFail().out()).isEqualTo("headless-0\nheadless-0\n");
    }

    @Test
    void datagramsToAServiceComeBack() {
        String script = "exec 3<>/dev/udp/ports/53; echo hi >&3; timeout 20 head -c 3 <&3";
        assertThat(run(script).orFail().out()).isEqualTo("hi\n");
    }

    @Test
    void aPortThatNobodyListensOnIsRefused() {
        Result refused = run(GET + "http://" + pod("ports", ".status.podIP") + ":4/");
        assertThat(refused.exit()).as(refused.all()).isEqualTo(7);
        assertThat(refused.err()).doesNotContain("timed out", "Timeout");
    }

    @Test
    void aNameThatTheClusterDoesNotKnowIsNotFoundAndThatSoon() {
        for (String name : List.of("nobody." + domain(), "nobody")) {
            Result unknown = run("curl -sS -m 20 -w '%{time_total}' http://" + name + "/");
            assertThat(unknown.exit()).as(unknown.all()).isEqualTo(6);
            assertThat(Double.parseDouble(unknown.out())).isLessThan(5);
        }
    }

    /** A command that asks for names in the form of {@link Ask}. */
    private static List<String> ask(String... questions) {
        List<String> command = new ArrayList<>(List.of(
                Program.java(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                Program.root().resolve("integration-tests/target/test-classes").toString(),
                Ask.class.getName()));
        command.addAll(List.of(questions));
        return command;
    }

    private Result run(List<String> flags, List<String> command) {
        List<String> arguments = new ArrayList<>(List.of("run"));
        arguments.addAll(flags);
        arguments.add("--");
        arguments.addAll(command);
        return product.telepath().tp(arguments.toArray(String[]::new));
    }

    @Test
    void namesHaveTheirRecordsOfEveryType() {
        String[] parts = address("service/ports", "{.spec.clusterIP}").split("\\.", -1);
        String reverse = parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0] + ".in-addr.arpa";
        List<String> questions = ask(
                "SRV",
                "_web._tcp.headless." + domain(),
                "CNAME",
                "elsewhere." + domain(),
                "PTR",
                reverse,
                "TXT",
                "ports." + domain(),
                "MX",
                "ports." + domain(),
                "MX",
                "nobody." + domain());
        assertThat(run(List.of(), questions).orFail().out()).isEqualTo("""
                0 100 8080 headless-0.headless.%1$s.
                elsewhere.example.org.
                ports.%1$s.
                none
                none
                unknown
                """.formatted(domain()));
    }

    /** Questions that nobody has asked before, so that nothing is remembered of them. */
    @Test
    void namesHaveTheirRecordsOfEveryTypeByAnAgent() {
        List<String> questions = ask(
                "SRV",
                "_web._tcp.ports." + domain(),
                "CNAME",
                "abroad." + domain(),
                "TXT",
                "headless." + domain(),
                "MX",
                "headless." + domain(),
                "TXT",
                "nobody-else." + domain());
        assertThat(run(List.of("--workload", "web"), questions).orFail().out()).isEqualTo("""
                0 100 80 ports.%1$s.
                abroad.example.org.
                none
                none
                unknown
                """.formatted(domain()));
        // The manager would have answered the same: it is the agent that did, for every type.
        String manager = "https://telepath-manager." + product.home() + ".svc.cluster.local:8443";
        assertThat(run("curl -sSk -m 20 " + manager + "/q/metrics | grep telepath_dns_questions")
                        .orFail()
                        .out())
                .contains("by=\"agent\",outcome=\"answered\"")
                .doesNotContain("by=\"agent\",outcome=\"unsupported\"");
    }

    @Test
    void itHasAWorkloadsEnvironmentAndItsNetwork() {
        Result result = product.telepath()
                .tp("run", "--workload", "web", "--", "bash", "-c", "env; " + GET + "http://ports/hostname");
        assertThat(result.orFail().out())
                .contains("GREETING=hello\n", "WHOLE=hello world\n")
                .containsPattern("(?m)^POD=web-")
                .endsWith("\n" + pod("ports", ".metadata.name") + "\n");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(product.status().path("engagements")).isEmpty());
    }

    @Test
    void whatIsDialledByAWorkloadComesFromItsPodAndReachesItsLoopback() {
        // Another agent, which would dial as well.
        product.apply(shop, "echo.yaml", Map.of("KIND", "Deployment", "NAME", "api", "INJECT", "enabled"));
        product.kubectl("-n", shop, "rollout", "status", "deployment/api", "--timeout=90s")
                .orFail();
        connect(OTHER, "--proxy-via", "127.0.0.1/32=web", "--proxy-via", "service=web");
        try {
            JsonNode via = product.statusOf(OTHER).path("proxy_via");
            String loopback = via.path(0).path("networks").path(0).path("shown").asText();
            assertThat(loopback).startsWith("247.").endsWith("/32");
            String script = GET + "http://" + loopback.replace("/32", "") + ":8080/hostname; for i in 1 2 3 4 5 6; do "
                    + GET + "http://ports/ | grep remote; done";
            // The agent has come with another pod; the old one may be about to end.
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                String name = pod("web", ".metadata.name");
                String address = pod("web", ".status.podIP");
                List<String> said = runAs(OTHER, script).orFail().out().lines().toList();
                assertThat(said).hasSize(7).first().isEqualTo(name);
                assertThat(said.subList(1, 7)).allMatch(line -> line.contains("\"" + address + ":"));
            });
        } finally {
            product.telepath().tpAs(OTHER, "quit", "-s");
        }
    }

    @Test
    void theConnectionStaysAndThisMachineIsAsItWas() {
        String within = run("ip route; cat /etc/resolv.conf").orFail().out();
        assertThat(within).contains("search " + domain() + " svc.cluster.local cluster.local");
        assertThat(machine(MACHINE).out()).isEqualTo(machine);
        assertThat(product.status().path("connection").path("state").asText()).isEqualTo("attached");
    }
}
