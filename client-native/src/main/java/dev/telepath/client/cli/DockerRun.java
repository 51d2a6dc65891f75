package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.workload.EnvSyntax;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The command line that runs a container in the place of a workload: its environment, its files and the port that the
 * traffic is led to. It is printed, not run: which engine runs it, and as whom, is the user's.
 */
final class DockerRun {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private DockerRun() {}

    /**
     * Prepares it.
     *
     * @param result of the engagement
     * @param own what the user gave: further options, the image and its arguments
     * @throws Failure when the file for the environment cannot be written
     */
    static List<String> prepare(String name, JsonNode result, Map<String, String> variables, List<String> own) {
        List<String> line = new ArrayList<>(List.of("docker", "run", "--rm"));
        if (own.stream().noneMatch(each -> each.equals("--name") || each.startsWith("--name="))) {
            line.addAll(List.of("--name", "tp-" + name));
        }
        Map<String, String> inFile = new TreeMap<>(variables);
        // A file of that syntax holds no value of several lines.
        inFile.values().removeIf(value -> value.indexOf('\n') >= 0 || value.indexOf('\r') >= 0);
        line.addAll(List.of("--env-file", file(name, inFile).toString()));
        variables.forEach((variable, value) -> {
            if (!inFile.containsKey(variable)) {
                line.addAll(List.of("--env", variable + "=" + value));
            }
        });
        String folder = result.path("mount").path("local_dir").asText("");
        for (JsonNode mount : result.path("mount").path("mounts")) {
            String path = mount.asText();
            if (!folder.isEmpty() && path.startsWith("/")) {
                line.addAll(List.of("--volume", folder + path + ":" + path + ":ro"));
            }
        }
        for (JsonNode port : result.path("ports")) {
            int local = port.path("target_port").asInt();
            if (local > 0) {
                line.addAll(List.of("--publish", "127.0.0.1:" + local + ":" + local));
            }
        }
        line.addAll(own);
        return List.copyOf(line);
    }

    /** For its owner alone, since it holds what may be secret. */
    private static Path file(String name, Map<String, String> variables) {
        try {
            Path file = Files.createTempFile("telepath-" + name.replaceAll("[^A-Za-z0-9._-]", "_") + "-", ".env");
            Files.writeString(file, EnvSyntax.parse("docker").format(variables));
            return file;
        } catch (IOException e) {
            throw new Failure(
                    Kind.FAILED,
                    "cannot write the environment for --docker-run: " + e.getMessage(),
                    "is the folder for temporary files writable?",
                    e);
        }
    }

    /** As a shell takes it. */
    static String quoted(List<String> line) {
        return String.join(
                " ",
                line.stream()
                        .map(each -> PLAIN.matcher(each).matches() ? each : "'" + each.replace("'", "'\\''") + "'")
                        .toList());
    }
}
