package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Ports;
import dev.telepath.harness.Running;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Prometheus itself reads what manager and agent show, and can answer what the dashboard asks. Run by integration-tests/prometheus/run. */
@Timeout(180)
class RealPrometheus {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIGURATION = """
            global: {scrape_interval: 1s}
            scrape_configs:
            - job_name: manager
              scheme: https
              metrics_path: /q/metrics
              tls_config: {ca_file: "%s", server_name: telepath-manager}
              static_configs: [{targets: ["%s"]}]
            - job_name: agent
              metrics_path: /q/metrics
              static_configs: [{targets: ["127.0.0.1:%s"]}]
            """;

    private final int port = Ports.lasting();

    @Test
    void scrapesBothByTheManagersOwnCaAndAnswersEveryQuestionOfTheDashboard() throws Exception {
        String program = Optional.ofNullable(System.getenv("PROMETHEUS")).orElse("");
        Assumptions.assumeFalse(program.isEmpty(), "PROMETHEUS names no program");
        try (Installation telepath = Installation.temporary().init();
                ChecksummedServer workload = ChecksummedServer.start()) {
            telepath.startManager();
            Running agent = telepath.startAgent("web", workload.port());
            telepath.connect().orFail();
            telepath.awaitListed("dev", "web");
            telepath.tp("intercept", "web", "--port", workload.port() + ":http").orFail();
            Path directory = Files.createDirectory(telepath.directory().resolve("prometheus"));
            Path configuration = directory.resolve("prometheus.yml");
            Files.writeString(
                    configuration,
                    CONFIGURATION.formatted(
                            telepath.directory().resolve("manager/ca.crt"),
                            telepath.managerAddress(),
                            agent.announced("http-port")));
            try (Running prometheus = Running.start(
                    "prometheus",
                    directory,
                    List.of(
                            program,
                            "--config.file=" + configuration,
                            "--storage.tsdb.path=" + directory.resolve("data"),
                            "--web.listen-address=127.0.0.1:" + port),
                    Map.of())) {
                await().atMost(Duration.ofSeconds(60))
                        .ignoreExceptions()
                        .untilAsserted(() -> assertThat(values("up")).containsExactly("1", "1"));

                assertThat(values("sum(telepath_engagements)")).containsExactly("1");
                List<String> asked = questions();
                assertThat(asked).hasSizeGreaterThan(10);
                for (String each : asked) {
                    assertThat(answer(each).path("status").asText()).as(each).isEqualTo("success");
                }
            }
        }
    }

    private static List<String> questions() throws IOException {
        return Dashboard.questions().stream()
                .map(each -> each.replaceAll("\\$__\\w+", "1m").replaceAll("\\$\\{?\\w+}?", ".*"))
                .toList();
    }

    private List<String> values(String question) throws IOException {
        List<String> values = new ArrayList<>();
        answer(question)
                .path("data")
                .path("result")
                .forEach(one -> values.add(one.path("value").path(1).asText()));
        return values;
    }

    private JsonNode answer(String question) throws IOException {
        String query = URLEncoder.encode(question, StandardCharsets.UTF_8);
        try (InputStream in = URI.create("http://127.0.0.1:" + port + "/api/v1/query?query=" + query)
                .toURL()
                .openStream()) {
            return JSON.readTree(in);
        }
    }
}
