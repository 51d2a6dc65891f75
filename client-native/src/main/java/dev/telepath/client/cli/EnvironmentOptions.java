package dev.telepath.client.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.workload.EnvSyntax;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** Where the workload's environment and files go. */
final class EnvironmentOptions {
    @Option(
            names = "--env-file",
            paramLabel = "FILE",
            defaultValue = "",
            description = "write the workload's environment to a file")
    String envFile;

    @Option(names = "--env-json", paramLabel = "FILE", defaultValue = "", description = "write it as JSON")
    String envJson;

    @Option(
            names = "--env-syntax",
            paramLabel = "SYNTAX",
            defaultValue = "docker",
            description = "of --env-file: docker, compose, sh, csh, cmd, json, ps; sh, csh, ps also with :export")
    String envSyntax;

    @Option(
            names = "--mount",
            paramLabel = "DIR|true|false",
            defaultValue = "false",
            description = "copy the files that the workload lends, read-only, to DIR or to a fresh folder")
    String mount;

    /**
     * The folder for files, made if need be; empty when none are wanted.
     *
     * @throws Failure when it cannot be made
     */
    String mountFolder() {
        try {
            return switch (mount) {
                case "false", "" -> "";
                case "true" -> Files.createTempDirectory("telepath-mount-").toString();
                default ->
                    Files.createDirectories(Path.of(mount)).toAbsolutePath().toString();
            };
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "cannot make the folder of --mount: " + e.getMessage(), "choose another", e);
        }
    }

    /** Whether that folder was made for the engagement alone, and goes with it. */
    boolean mountOwned() {
        return mount.equals("true");
    }

    /** Refuses a wrong syntax before anything was engaged. */
    void check() {
        EnvSyntax.parse(envSyntax);
    }

    void write(Map<String, String> variables) {
        if (!envFile.isEmpty()) {
            write(Path.of(envFile), EnvSyntax.parse(envSyntax).format(variables));
        }
        if (!envJson.isEmpty()) {
            write(Path.of(envJson), EnvSyntax.parse("json").format(variables));
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "cannot write " + file + ": " + e.getMessage(), "choose another file", e);
        }
    }

    static Map<String, String> variables(JsonNode result) {
        Map<String, String> variables = new TreeMap<>();
        result.path("environment")
                .properties()
                .forEach(each -> variables.put(each.getKey(), each.getValue().asText()));
        return variables;
    }
}
