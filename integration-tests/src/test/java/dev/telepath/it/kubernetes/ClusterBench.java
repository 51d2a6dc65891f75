package dev.telepath.it.kubernetes;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Load;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Measures {@code tp} in a real cluster, for {@code integration-tests/kubernetes/bench}; nothing is asserted but that it
 * ran. Each figure stands beside its ground in the same run: a rollout without Telepath, the Service without an agent.
 */
@NullUnmarked
class ClusterBench {
    private static final int ROUNDS = 5;
    /** On one connection, one after the other. */
    private static final int REQUESTS = 4_000;

    private static final Pattern FORWARDING = Pattern.compile("Forwarding from 127.0.0.1:(\\d+)");
    private static final String RESIDENT = "/memory/rssBytes";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path REPORT = Program.root().resolve("integration-tests/target/cluster-bench.txt");

    /** How long it is waited for a connection to an agent, which comes within a second or not at all. */
    private static final Duration PAST = Duration.ofSeconds(10);

    private final Installation telepath = Installation.temporary();
    private final Vertx vertx = Vertx.vertx();
    private final String namespace = "telepath-bench-" + ProcessHandle.current().pid();
    private boolean direct;

    @AfterEach
    void clean() {
        telepath.tp("quit", "-s");
        telepath.tp("uninstall", "-n", namespace);
        kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found");
        vertx.close();
        telepath.close();
    }

    @Test
    void measure() throws Exception {
        assumeTrue(System.getenv("KUBECONFIG") != null, "skipped: KUBECONFIG is not set; it names the cluster to use");
        assumeTrue(ProductImages.possible(), "skipped: no load-image; set TELEPATH_CLUSTER_TOOLS");
        Files.deleteIfExists(REPORT);
        var images = new ProductImages(namespace);
        images.load("manager", "agent");
        say("%-60s %6.1f and %.1f MB"
                .formatted(
                        "images of manager and agent, packed",
                        images.packed().get(0) / 1e6,
                        images.packed().get(1) / 1e6));
        var install = new ArrayList<>(List.of("install", "-n", namespace));
        install.addAll(images.installFlags());
        line(
                "tp install, ready and asked",
                millis(() -> telepath.tp(install.toArray(String[]::new)).orFail()));
        connects();
        try (SampleService local = SampleService.start(vertx, "laptop", 0)) {
            intercepts(local);
            requests(local);
        }
    }

    private void connects() {
        long[] cold = new long[ROUNDS];
        long[] warm = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            telepath.tp("quit", "-s");
            cold[i] = millis(() -> connect().orFail());
            telepath.tp("quit");
            warm[i] = millis(() -> connect().orFail());
        }
        line("tp connect, no daemon running", median(cold));
        line("tp connect, daemon running", median(warm));
        telepath.tp("quit").orFail();
        connect("--transport", "port-forward").orFail();
    }

    private Result connect(String... more) {
        var config = telepath.write(
                telepath.directory().resolve("bench.yml"), "stream:\n  direct: \"" + (direct ? "on" : "off") + "\"\n");
        var line = new ArrayList<>(
                List.of("--config", config.toString(), "connect", "--manager-namespace", namespace, "-n", namespace));
        line.addAll(List.of(more));
        return telepath.tp(line.toArray(String[]::new));
    }

    private void intercepts(SampleService local) throws Exception {
        int count = 3;
        long[] rollout = new long[count];
        long[] first = new long[count];
        for (int i = 0; i < count; i++) {
            String name = "web" + i;
            echo(name);
            rollout[i] = millis(() -> {
                kubectl("-n", namespace, "rollout", "restart", "deploy/" + name).orFail();
                kubectl("-n", namespace, "rollout", "status", "deploy/" + name, "--timeout=120s")
                        .orFail();
            });
            first[i] = millis(() -> intercept(name, local).orFail());
            telepath.tp("leave", name).orFail();
        }
        line("kubectl rollout restart, until done, of the same workload", median(rollout));
        line("tp intercept that brings the agent", median(first));
        long[] again = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            again[i] = millis(() -> intercept("web0", local).orFail());
            telepath.tp("leave", "web0").orFail();
        }
        line("tp intercept where the agent is", median(again));
        line("tp version, which asks nobody", median(times(() -> telepath.tp("version"))));
    }

    private void requests(SampleService local) throws Exception {
        echo("plain");
        InetSocketAddress plain = nodePort("plain");
        InetSocketAddress through = nodePort("web0");
        Load.http1(plain, 4, 200, true, "uri");
        Load.http1(through, 4, 200, true, "uri");
        rows("without an agent", plain, "uri");
        forwarded();
        say(memory("idle: manager and agent, resident"));
        rows("past an idle agent", through, "uri");
        intercept("web0", local).orFail();
        Load.http1(through, 4, 200, true, "laptop");
        rows("intercepted, by the port-forward", through, "laptop");
        bytes(plain, through);
        say(memory("after that load: manager and agent, resident"));
        straight();
        intercept("web0", local).orFail();
        Load.http1(through, 4, 200, true, "laptop");
        rows("intercepted, straight to the manager", through, "laptop");
        past(local, through);
    }

    /** The ground of all that comes by a port-forward: kubectl's own, to a pod. */
    private void forwarded() throws Exception {
        Process forward = new ProcessBuilder("kubectl", "-n", namespace, "port-forward", "deploy/plain", ":8080")
                .redirectErrorStream(true)
                .start();
        try (var said = forward.inputReader()) {
            Matcher listens = FORWARDING.matcher(String.valueOf(said.readLine()));
            if (!listens.find()) {
                say("%-48s not measured".formatted("without an agent, by kubectl port-forward"));
                return;
            }
            var port = new InetSocketAddress("127.0.0.1", Integer.parseInt(listens.group(1)));
            rate("bytes down, by kubectl port-forward", Proxy.NO_PROXY, bytesOf(port));
            Load.http1(port, 4, 200, true, "uri");
            for (int connections : new int[] {1, 50}) {
                say("%-48s %-17s %s"
                        .formatted(
                                connections == 1 ? "without an agent, by kubectl port-forward" : "",
                                connections + " kept alive",
                                Load.http1(port, connections, REQUESTS / connections, true, "uri")));
            }
        } finally {
            forward.destroy();
            forward.waitFor();
        }
    }

    /** In bulk, by a port-forward: down from a service of the cluster by the daemon's proxy, up from this machine's by an intercept. */
    private void bytes(InetSocketAddress plain, InetSocketAddress through) throws Exception {
        rate("bytes down, from the node itself", Proxy.NO_PROXY, bytesOf(plain));
        int proxy = status().at("/proxy/port").asInt();
        rate("bytes down, by tp's proxy, port-forward", BulkRate.proxy(proxy), "http://plain/bytes?n=");
        rate("bytes up, by an intercept, port-forward", Proxy.NO_PROXY, "http://" + text(through) + "/bytes/");
    }

    private static String bytesOf(InetSocketAddress echo) {
        return "http://" + text(echo) + "/bytes?n=";
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    private static void rate(String what, Proxy by, String path) throws IOException {
        say("%-60s %6.0f MB/s".formatted(what, BulkRate.measure(by, path)));
    }

    /** Straight where this machine has a way to pods, else by a port-forward to the agent's. */
    private void past(SampleService local, InetSocketAddress through) throws Exception {
        direct = true;
        telepath.tp("quit", "-s").orFail();
        connect().orFail();
        intercept("web0", local).orFail();
        long end = System.nanoTime() + PAST.toNanos();
        JsonNode links = past();
        while (links.path("connected").asInt() == 0) {
            if (System.nanoTime() > end) {
                say("%-48s not measured: %s".formatted("intercepted, past the manager", links));
                return;
            }
            links = past();
        }
        String way = links.path("forwarded").asInt() > 0 ? "by port-forward" : "straight";
        Load.http1(through, 4, 200, true, "laptop");
        rows("intercepted, past the manager, " + way, through, "laptop");
        say(memory("after that load: manager and agent, resident"));
    }

    private JsonNode past() throws IOException {
        return status().at("/connection/direct");
    }

    private JsonNode status() throws IOException {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    /** By a node's port, which leads to the manager's pod without API server, kubelet and container runtime. */
    private void straight() {
        kubectl(
                        "-n",
                        namespace,
                        "expose",
                        "service",
                        "telepath-manager",
                        "--name=straight",
                        "--port=8443",
                        "--target-port=api")
                .orFail();
        InetSocketAddress port = nodePort("straight");
        telepath.tp("quit").orFail();
        line(
                "tp connect, daemon running, straight to the manager",
                millis(() -> connect("--transport", text(port)).orFail()));
    }

    private String memory(String what) {
        return "%-60s %6.1f and %.1f MiB"
                .formatted(
                        what,
                        used("telepath-manager-0", "manager").at(RESIDENT).asDouble() / 1048576.0,
                        used("web0-", "telepath-agent").at(RESIDENT).asDouble() / 1048576.0);
    }

    /** What a container uses, as its node's kubelet last counted it. */
    private JsonNode used(String pod, String container) {
        String node = kubectl("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")
                .orFail()
                .out()
                .strip();
        try {
            JsonNode stats = JSON.readTree(
                    kubectl("get", "--raw", "/api/v1/nodes/" + node + "/proxy/stats/summary?only_cpu_and_memory=true")
                            .orFail()
                            .out());
            return stats.path("pods")
                    .valueStream()
                    .filter(one -> one.at("/podRef/namespace").asText().equals(namespace)
                            && one.at("/podRef/name").asText().startsWith(pod))
                    .flatMap(one -> one.path("containers").valueStream())
                    .filter(one -> one.path("name").asText().equals(container))
                    .max(Comparator.comparing(one -> one.at(RESIDENT).asDouble()))
                    .orElseThrow(() -> new IllegalStateException(node + " tells nothing of " + pod));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** CPU of manager and agent together until now, in seconds since they began. */
    private double spent() {
        return spent("telepath-manager-0", "manager") + spent("web0-", "telepath-agent");
    }

    /** The kubelet counts every ten seconds or so: what it says counts from when it has counted again. */
    private double spent(String pod, String container) {
        Instant now = Instant.now();
        JsonNode counted = Awaitility.await()
                .atMost(Duration.ofMinutes(1))
                .pollInterval(Duration.ofMillis(500))
                .until(
                        () -> used(pod, container).path("cpu"),
                        cpu -> Instant.parse(cpu.path("time").asText()).isAfter(now));
        return counted.path("usageCoreNanoSeconds").asDouble() / 1e9;
    }

    private void rows(String what, InetSocketAddress port, String expected) {
        kept(what, port, 1, expected);
        kept("", port, 50, expected);
        say("%-48s 500 kept alive    %s".formatted("", Load.http1(port, 500, 20, true, expected)));
        say("%-48s 1,000, new each   %s".formatted("", Load.http1(port, 1_000, 2, false, expected)));
    }

    private void kept(String what, InetSocketAddress port, int connections, String expected) {
        double before = spent();
        say("%-48s %-17s %s"
                .formatted(
                        what,
                        connections + " kept alive",
                        Load.http1(port, connections, REQUESTS / connections, true, expected)));
        say("%-48s                   %.0f µs of CPU in manager and agent for each request"
                .formatted("", (spent() - before) / REQUESTS * 1e6));
    }

    private Result intercept(String name, SampleService local) {
        return telepath.tp("intercept", name, "--port", local.port() + ":80");
    }

    private InetSocketAddress nodePort(String service) {
        kubectl("-n", namespace, "patch", "service", service, "-p", "{\"spec\":{\"type\":\"NodePort\"}}")
                .orFail();
        String port = kubectl("-n", namespace, "get", "service", service, "-o", "jsonpath={.spec.ports[0].nodePort}")
                .orFail()
                .out()
                .strip();
        String node = kubectl(
                        "get", "nodes", "-o", "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}")
                .orFail()
                .out()
                .strip();
        return InetSocketAddress.createUnresolved(node, Integer.parseInt(port));
    }

    private void echo(String name) throws Exception {
        String text;
        try (InputStream in = Objects.requireNonNull(ClusterBench.class.getResourceAsStream("/kubernetes/echo.yaml"))) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        text = text.replace("KIND", "Deployment").replace("NAME", name).replace("\"INJECT\"", "\"\"");
        var file = telepath.write(telepath.directory().resolve(name + ".yaml"), text);
        kubectl("-n", namespace, "apply", "-f", file.toString()).orFail();
        kubectl("-n", namespace, "rollout", "status", "deploy/" + name, "--timeout=120s")
                .orFail();
    }

    private Result kubectl(String... arguments) {
        var command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return telepath.runCommand(command, Map.of(), Duration.ofMinutes(3));
    }

    private static long[] times(Supplier<Result> what) {
        long[] times = new long[ROUNDS];
        Arrays.setAll(times, i -> millis(() -> what.get().orFail()));
        return times;
    }

    private static long millis(Runnable what) {
        long began = System.nanoTime();
        what.run();
        return Duration.ofNanos(System.nanoTime() - began).toMillis();
    }

    private static long median(long[] times) {
        Arrays.sort(times);
        return times[times.length / 2];
    }

    private static void line(String what, long millis) {
        say(String.format(Locale.ROOT, "%-60s %6d ms", what, millis));
    }

    /** Into the report, line by line, so that what was measured stays when something fails later. */
    private static void say(String line) {
        try {
            Files.writeString(REPORT, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
