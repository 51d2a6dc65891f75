package dev.telepath.it.kubernetes;

import dev.telepath.harness.Installation;
import dev.telepath.harness.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Images of this checkout's manager and agent on the cluster's nodes: a runtime, the JVM build, an entry point that takes
 * the program's arguments. Made and loaded by the commands in {@code TELEPATH_CLUSTER_TOOLS}.
 */
final class ProgramImages {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String MODULES =
            "java.se,jdk.unsupported,jdk.httpserver,jdk.crypto.ec,jdk.zipfs,jdk.management";

    private final Installation installation;
    private final String prefix;
    private final Path tools = tools();

    /**
     * @param installation in whose directory they are made
     * @param prefix of their names
     */
    ProgramImages(Installation installation, String prefix) {
        this.installation = installation;
        this.prefix = prefix;
    }

    private static Path tools() {
        return Path.of(Objects.requireNonNullElse(System.getenv("TELEPATH_CLUSTER_TOOLS"), ""));
    }

    /** Whether images can be made and loaded here; never without being told how, for it may be anybody's cluster. */
    static boolean possible() {
        return System.getenv("TELEPATH_CLUSTER_TOOLS") != null
                && Files.isExecutable(tools().resolve("make-image"))
                && Files.isExecutable(tools().resolve("load-image"));
    }

    /** Without tag. */
    String repository(String program) {
        return prefix + "-" + program;
    }

    String name(String program) {
        return repository(program) + ":1";
    }

    void load(String program, String module) {
        Path runtime = installation.directory().resolve("jre");
        if (!Files.exists(runtime)) {
            run(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                    "--add-modules",
                    MODULES,
                    "--strip-debug",
                    "--no-header-files",
                    "--no-man-pages",
                    "--output",
                    runtime.toString()));
        }
        Path archive = installation.directory().resolve(program + ".tar");
        var command = new ArrayList<>(List.of(
                tools.resolve("make-image").toString(),
                "-t",
                name(program),
                "-o",
                archive.toString(),
                "--copy",
                runtime + ":/jre",
                "--copy",
                Program.root().resolve(module).resolve("target/quarkus-app") + ":/telepath",
                "--user",
                "65532"));
        for (String library : List.of("bin/java", "lib/server/libjvm.so", "lib/libnet.so", "lib/libnio.so")) {
            command.addAll(List.of("--libs", runtime.resolve(library).toString()));
        }
        for (String argument : List.of(
                "/jre/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-Xmx96m",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-jar",
                "/telepath/quarkus-run.jar")) {
            command.addAll(List.of("--entrypoint", argument));
        }
        run(command);
        run(List.of(tools.resolve("load-image").toString(), archive.toString()));
    }

    private void run(List<String> command) {
        installation.runCommand(command, Map.of(), PATIENCE).orFail();
    }
}
