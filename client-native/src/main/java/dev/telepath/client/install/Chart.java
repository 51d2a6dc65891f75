package dev.telepath.client.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * What the build took over from the chart, so that defaults and limits exist once.
 *
 * @param version of the programs it installs
 * @param schema of its values
 */
public record Chart(String version, String defaultValues, JsonNode schema) {
    private static final String FOLDER = "/telepath-chart/";

    /** The one that this program carries. */
    public static Chart own() {
        return new Chart(
                Yaml.object("Chart.yaml", read("Chart.yaml")).path("appVersion").asText(),
                read("values.yaml"),
                Yaml.object("values.schema.json", read("values.schema.json")));
    }

    private static String read(String file) {
        try (InputStream in = Chart.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException("this program was built without the chart's " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A copy to write into. */
    ObjectNode defaults() {
        return Yaml.object("values.yaml", defaultValues);
    }
}
