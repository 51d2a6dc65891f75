package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Checksummed;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Metrics;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What manager and agent show to Prometheus, the documentation and the dashboard speak of the same names. */
@Timeout(120)
class MetricsIT {
    private static final Pattern NAME = Pattern.compile("\\b(?:telepath|telepresence)_[a-z_]+");
    private static Installation telepath;
    private static ChecksummedServer workload;
    private static Set<String> manager;
    private static Set<String> agent;

    /** Everything that has a series of its own only once it happened, happens. */
    @BeforeAll
    static void play() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = ChecksummedServer.start();
        Running beside = telepath.startAgent("web", workload.port());
        telepath.connect().orFail();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
        telepath.tp("intercept", "web", "--port", workload.port() + ":http").orFail();
        String atAgent = "http://127.0.0.1:" + beside.announced("http-port");

        telepath.manager().kill();
        telepath.startManager();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> Metrics.sum(Metrics.scrape(atAgent), "telepath_connection_state") == 2
                        && telepath.tp("status").out().contains("Connection: attached"));
        stream(Checksummed.Way.to(beside.port("port-http")));
        // Engaged by a client that is away: it goes to the workload.
        ProcessHandle.of(status().path("daemon").path("pid").asLong())
                .orElseThrow()
                .destroyForcibly();
        stream(Checksummed.Way.to(beside.port("port-http")));
        agent = names(Metrics.scrape(atAgent).keySet());
        // Without an agent the manager dials.
        beside.stop();
        telepath.connect().orFail();
        int socks = status().path("proxy").path("port").asInt();
        stream(Checksummed.Way.throughSocks(socks, "127.0.0.1", workload.port()));
        // The manager's end of it is over a moment after the caller's.
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            manager =
                    names(Metrics.scrape("https://" + telepath.managerAddress()).keySet());
            assertThat(manager).contains("telepath_streams_ended_total");
        });
    }

    private static JsonNode status() throws Exception {
        return new ObjectMapper()
                .readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    private static void stream(Checksummed.Way way) {
        try (var load = Checksummed.start(new Checksummed.Plan(1, 1_000, 1_000, 1_000_000, 1), way)) {
            assertThat(load.await(Duration.ofSeconds(20)).whole()).isTrue();
        }
    }

    @AfterAll
    static void end() {
        telepath.close();
        workload.close();
    }

    private static Set<String> names(Set<String> samples) {
        return samples.stream()
                .map(sample -> sample.replaceAll("\\{.*", ""))
                .filter(name -> NAME.matcher(name).matches())
                .map(MetricsIT::family)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** A summary's parts are one metric. */
    private static String family(String name) {
        return name.replaceAll("_seconds_(count|sum|max|bucket)$", "_seconds");
    }

    private static String read(String file) throws Exception {
        return Files.readString(Program.root().resolve(file));
    }

    @Test
    void everyMetricIsDocumentedAndEveryDocumentedOneOfAManagerIsThere() throws Exception {
        String text = read("docs/metrics.md");
        Set<String> documented =
                NAME.matcher(text).results().map(match -> match.group()).collect(Collectors.toSet());

        assertThat(documented).containsAll(manager).containsAll(agent);
        String ofManager = text.substring(text.indexOf("## Manager"), text.indexOf("## Agent"));
        Set<String> promised = NAME.matcher(ofManager)
                .results()
                .map(match -> match.group())
                // These have a series only once there is somebody or something to count.
                .filter(name -> !name.contains("_status") && !name.endsWith("_lost_total"))
                .collect(Collectors.toSet());
        assertThat(manager).containsAll(promised);
    }

    @Test
    void theDashboardAsksOnlyForMetricsThatAreThere() throws Exception {
        Set<String> asked = Dashboard.questions().stream()
                .flatMap(expression -> NAME.matcher(expression).results().map(match -> match.group()))
                .map(MetricsIT::family)
                .collect(Collectors.toSet());

        assertThat(asked).hasSizeGreaterThan(10);
        assertThat(Stream.concat(manager.stream(), agent.stream()).collect(Collectors.toSet()))
                .containsAll(asked);
    }
}
