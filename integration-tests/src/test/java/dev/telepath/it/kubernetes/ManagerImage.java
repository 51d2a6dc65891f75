package dev.telepath.it.kubernetes;

import dev.telepath.harness.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The manager of this checkout as an image on the cluster's nodes. {@code TELEPATH_IT_MANAGER_IMAGE} names one that is
 * there already; {@code TELEPATH_CLUSTER_TOOLS} a directory with the commands {@code make-image} and
 * {@code load-image}, by which one is made of the JVM build.
 */
final class ManagerImage {
    private static final String TAG = "telepath-it-manager:1";
    private static final String MODULES =
            "java.base,java.logging,java.naming,java.management,java.xml,java.sql,java.security.jgss,"
                    + "java.net.http,jdk.unsupported,jdk.crypto.ec,java.desktop,java.instrument,jdk.management,jdk.zipfs";

    private ManagerImage() {}

    /** Its name; empty when there is no way to have one. */
    static Optional<String> name() throws IOException, InterruptedException {
        String named = System.getenv().getOrDefault("TELEPATH_IT_MANAGER_IMAGE", "");
        String tools = System.getenv().getOrDefault("TELEPATH_CLUSTER_TOOLS", "");
        if (!named.isEmpty()) {
            return Optional.of(named);
        }
        return tools.isEmpty() ? Optional.empty() : Optional.of(made(Path.of(tools)));
    }

    private static String made(Path tools) throws IOException, InterruptedException {
        Path work = Files.createDirectories(Program.root().resolve("integration-tests/target/manager-image"));
        Path jre = work.resolve("jre");
        Path archive = work.resolve("manager.tar");
        if (!Files.exists(jre)) {
            String jlink =
                    Path.of(System.getProperty("java.home"), "bin", "jlink").toString();
            run(List.of(
                    jlink, "--add-modules", MODULES, "--strip-debug", "--no-man-pages", "--output", jre.toString()));
        }
        List<String> make = new ArrayList<>(List.of(
                tools.resolve("make-image").toString(), "-t", TAG, "-o", archive.toString(), "--copy", jre + ":/jre"));
        make.addAll(List.of(
                "--copy", Program.root().resolve("manager-service/target/quarkus-app") + ":/app", "--user", "65534"));
        for (String native_ : List.of("bin/java", "lib/server/libjvm.so", "lib/libnet.so", "lib/libnio.so")) {
            make.addAll(List.of("--libs", jre.resolve(native_).toString()));
        }
        make.addAll(List.of("--entrypoint", "/jre/bin/java"));
        run(make);
        run(List.of(tools.resolve("load-image").toString(), archive.toString()));
        return TAG;
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes());
        if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException(command + " failed: " + said);
        }
    }
}
