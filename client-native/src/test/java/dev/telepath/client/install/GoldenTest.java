package dev.telepath.client.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code tp install} makes is what helm makes of the chart, object for object. */
class GoldenTest {
    private static final Path CHART = Path.of("..", "deploy", "helm", "telepath");
    private static final Path GOLDEN =
            Path.of("src", "test", "resources", "dev", "telepath", "client", "install", "golden");
    private static final ObjectMapper YAML = new YAMLMapper();

    static Stream<String> cases() throws IOException {
        try (Stream<Path> files = Files.list(CHART.resolve("ci"))) {
            return files
                    .map(file -> file.getFileName().toString().replace("-values.yaml", ""))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theObjectsAreThoseOfTheChart(String name) throws IOException {
        Values values = Values.of(
                Chart.own(), Yaml.object(name, Files.readString(CHART.resolve("ci/" + name + "-values.yaml"))));
        Map<String, JsonNode> ours = new TreeMap<>();
        for (ObjectNode object : Manifests.of(values, Chart.own().version(), "tools")) {
            // As it is printed, so that what is printed is proved too.
            put(ours, YAML.readTree(Yaml.document(object)));
        }
        Map<String, JsonNode> helms = new TreeMap<>();
        for (JsonNode object : documents(GOLDEN.resolve(name + ".yaml"))) {
            put(helms, object);
        }
        assertThat(ours.keySet()).isEqualTo(helms.keySet()).isNotEmpty();
        helms.forEach((key, object) -> assertThat(
                        ours.getOrDefault(key, MissingNode.getInstance()).toPrettyString())
                .as(key)
                .isEqualTo(object.toPrettyString()));
    }

    @Test
    void theGoldenFilesAreOfThisChart() throws Exception {
        var sums = new StringBuilder();
        try (Stream<Path> files = Files.walk(CHART)) {
            for (Path file : files.filter(Files::isRegularFile)
                    .sorted((a, b) -> relative(a).compareTo(relative(b)))
                    .toList()) {
                if (relative(file).matches("(Chart|values)\\.yaml|(templates|ci)/.*")) {
                    sums.append(sha256(Files.readAllBytes(file)))
                            .append("  ")
                            .append(relative(file))
                            .append('\n');
                }
            }
        }
        assertThat(Files.readString(GOLDEN.resolve("chart.sha256")).strip())
                .as("the chart was changed: run integration-tests/images/golden, and Manifests has to follow")
                .isEqualTo(sha256(sums.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String relative(Path file) {
        return CHART.relativize(file).toString().replace('\\', '/');
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static List<JsonNode> documents(Path file) throws IOException {
        try (var read = YAML.readerFor(JsonNode.class).<JsonNode>readValues(Files.readString(file))) {
            return read.readAll().stream().filter(JsonNode::isObject).toList();
        }
    }

    private static void put(Map<String, JsonNode> into, JsonNode object) {
        manager(object.path("metadata").path("labels"));
        manager(object.path("spec").path("template").path("metadata").path("labels"));
        JsonNode metadata = object.path("metadata");
        into.put(
                object.path("apiVersion").asText() + " " + object.path("kind").asText() + " "
                        + metadata.path("namespace").asText() + "/"
                        + metadata.path("name").asText(),
                sorted(object));
    }

    /** Who installed it is all that may differ. */
    private static void manager(JsonNode labels) {
        if (labels instanceof ObjectNode all) {
            assertThat(all.remove(Labels.MANAGED_BY).asText()).isIn("Helm", "tp");
        }
    }

    private static JsonNode sorted(JsonNode object) {
        try {
            return YAML.readTree(Yaml.sorted(object));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
