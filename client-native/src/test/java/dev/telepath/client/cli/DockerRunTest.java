package dev.telepath.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DockerRunTest {
    private static JsonNode result(String json) throws Exception {
        return new ObjectMapper().readTree(json);
    }

    private static String valueAfter(List<String> line, String option) {
        return line.get(line.indexOf(option) + 1);
    }

    @Test
    void theContainerHasEnvironmentFilesAndPortOfTheWorkload() throws Exception {
        List<String> line =
                DockerRun.prepare("web", result("""
                        {"ports": [{"target_port": 8080}], "mount": {"local_dir": "/tmp/m", "mounts": ["/etc/shop"]}}"""), Map.of("COLOUR", "blue"), List.of("shop:dev", "--verbose"));

        Path file = Path.of(valueAfter(line, "--env-file"));
        assertThat(file).hasContent("COLOUR=blue");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(valueAfter(line, "--volume")).isEqualTo("/tmp/m/etc/shop:/etc/shop:ro");
        assertThat(valueAfter(line, "--publish")).isEqualTo("127.0.0.1:8080:8080");
        assertThat(line).startsWith("docker", "run", "--rm", "--name", "tp-web").endsWith("shop:dev", "--verbose");
        Files.delete(file);
    }

    @Test
    void aValueOfSeveralLinesIsGivenOnTheCommandLine() throws Exception {
        List<String> line = DockerRun.prepare(
                "web", result("{}"), Map.of("KEY", "a\nb's", "COLOUR", "blue"), List.of("--name", "mine", "shop:dev"));

        Path file = Path.of(valueAfter(line, "--env-file"));
        assertThat(file).hasContent("COLOUR=blue");
        assertThat(valueAfter(line, "--env")).isEqualTo("KEY=a\nb's");
        assertThat(line).containsOnlyOnce("--name");
        Files.delete(file);
    }

    @Test
    void whatIsPrintedIsWhatAShellReads() throws Exception {
        List<String> line = List.of("printf", "%s|", "it's", "two words", "a\nb", "$HOME", "plain");

        Process shell = new ProcessBuilder("sh", "-c", DockerRun.quoted(line)).start();

        assertThat(new String(shell.getInputStream().readAllBytes())).isEqualTo("it's|two words|a\nb|$HOME|plain|");
    }
}
