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
    private static final String READ_ONLY = ":ro";

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
            paramLabel = "DIR|true|false[:ro]",
            defaultValue = "false",
            description =
                    "show the files that the workload lends in DIR or in a fresh folder: mounted by sshfs if that is"
                            + " possible, else copied; with :ro nothing is written, else what its volumes' policies allow")
    String mount;

    @Option(
            names = "--local-mount-port",
            paramLabel = "PORT",
            defaultValue = "0",
            description = "lead this local port to the workload's files by SFTP, without SSH, and mount nothing")
    int localMountPort;

    /**
     * The folder for files, made if need be; empty when none are wanted.
     *
     * @throws Failure when it cannot be made
     */
    String mountFolder() {
        if (localMountPort != 0) {
            return "";
        }
        try {
            String wanted = wantedMount();
            return switch (wanted) {
                case "false", "" -> "";
                case "true" ->
                    Files.createTempDirectory("telepath-mount-").toRealPath().toString();
                default -> Files.createDirectories(Path.of(wanted)).toRealPath().toString();
            };
        } catch (IOException e) {
            throw new Failure(Kind.FAILED, "cannot make the folder of --mount: " + e.getMessage(), "choose another", e);
        }
    }

    private String wantedMount() {
        return mountReadOnly() ? mount.substring(0, mount.length() - READ_ONLY.length()) : mount;
    }

    /** Whether nothing is to be written there. */
    boolean mountReadOnly() {
        return mount.endsWith(READ_ONLY);
    }

    /** Whether that folder was made for the engagement alone, and goes with it. */
    boolean mountOwned() {
        return wantedMount().equals("true") && localMountPort == 0;
    }

    /** Refuses a wrong syntax before anything was engaged. */
    void check() {
        if (localMountPort < 0 || localMountPort > 65535) {
            throw new Failure(Kind.USAGE, localMountPort + " is no port", "--local-mount-port 1 to 65535");
        }
        if (localMountPort != 0
                && !wantedMount().equals("false")
                && !wantedMount().equals("true")) {
            throw new Failure(
                    Kind.USAGE,
                    "--local-mount-port mounts nothing, and --mount names a folder",
                    "leave out one of them");
        }
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
