package dev.telepath.harness;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** One of the three programs, as built in this checkout. */
public enum Program {
    MANAGER("manager-service", "telepath-manager"),
    AGENT("agent-service", "telepath-agent"),
    TP("client-native", "tp");

    private final String module;
    private final String executable;

    Program(String module, String executable) {
        this.module = module;
        this.executable = executable;
    }

    /**
     * The command line that starts it.
     *
     * @param heap the JVM's largest heap as in {@code -Xmx}, e.g. {@code 64m}; native programs get the same bound, but for tp, which
     *     takes no options of a JVM: those are its commands'
     * @throws IllegalStateException when it is not built; the message says how to build it
     */
    public List<String> command(String heap) {
        Path target = root().resolve(module).resolve("target");
        if (isNative()) {
            Path runner = target.resolve(executable + "-runner");
            require(runner, "./mvnw package -Dnative -DskipTests");
            List<String> line = new ArrayList<>(List.of(runner.toString()));
            if (this != TP) {
                line.add("-Xmx" + heap);
            }
            return line;
        }
        Path jar = target.resolve("quarkus-app").resolve("quarkus-run.jar");
        require(jar, "./mvnw package -DskipTests");
        return new ArrayList<>(List.of(
                java(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=" + jitLevel(),
                "-jar",
                jar.toString()));
    }

    /** Short commands start faster without the optimising compiler; servers want it. */
    private String jitLevel() {
        return this == TP ? "1" : "4";
    }

    /** Where the native executable would be. */
    public Path nativeExecutable() {
        return root().resolve(module).resolve("target").resolve(executable + "-runner");
    }

    private static void require(Path file, String build) {
        if (!Files.exists(file)) {
            throw new IllegalStateException(file + " is not there; build it with: " + build);
        }
    }

    /**
     * What a command line begins with that runs a class of this harness which needs no library.
     *
     * @param options of its JVM
     */
    static List<String> harness(Class<?> main, String... options) {
        List<String> line = new ArrayList<>(List.of(java()));
        line.addAll(List.of(options));
        line.addAll(List.of(
                "-cp", root().resolve("integration-tests/target/classes").toString(), main.getName()));
        return line;
    }

    /** The `java` that runs us. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Whether the suites start the native builds. */
    public static boolean isNative() {
        return "native".equals(System.getProperty("telepath.programs"));
    }

    /** The checkout. */
    public static Path root() {
        String given = System.getProperty("telepath.root");
        try {
            Path start = Path.of(given == null || given.isBlank() ? "" : given).toRealPath();
            for (Path dir = start; dir != null; dir = dir.getParent()) {
                if (Files.exists(dir.resolve("client-native")) && Files.exists(dir.resolve("mvnw"))) {
                    return dir;
                }
            }
        } catch (java.io.IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("run this inside a checkout of Telepath, or give -Dtelepath.root=DIR");
    }
}
