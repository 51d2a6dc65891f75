package dev.telepath.it.kubernetes;

import dev.telepath.harness.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The images that users get, made of this checkout's build, native ones where the suites are to run those, by {@code deploy/images/build} and loaded into the cluster's
 * nodes by {@code load-image} of the folder that {@code TELEPATH_CLUSTER_TOOLS} names.
 */
final class ProductImages {
    static final String TAG = "it";
    private static final String ARCHIVE = "archive=";

    private final String repository;
    private List<Long> packed = List.of();

    /**
     * @param repository what stands before the images' names, so that suites and checkouts do not replace one another's
     */
    ProductImages(String repository) {
        this.repository = repository;
    }

    /** Whether images can be loaded here; never without being told how, for it may be anybody's cluster. */
    static boolean possible() {
        return System.getenv("TELEPATH_CLUSTER_TOOLS") != null && Files.isExecutable(tool("load-image"));
    }

    private static Path tool(String name) {
        return Path.of(System.getenv().getOrDefault("TELEPATH_CLUSTER_TOOLS", ""))
                .resolve(name)
                .toAbsolutePath();
    }

    /** Name of an image, of {@code manager} or {@code agent}, without its tag. */
    String repository(String program) {
        return repository + "/telepath-" + program;
    }

    /** The same with its tag. */
    String name(String program) {
        return repository(program) + ":" + TAG;
    }

    /** What has {@code tp install} use them. */
    List<String> installFlags() {
        return List.of(
                "--set",
                "image.name=" + repository("manager") + ",image.pullPolicy=Never",
                "--set-string",
                "image.tag=" + TAG,
                "--set",
                "agent.image.name=" + repository("agent") + ",agent.startCheck="
                        + (Program.isNative() ? "hook" : "probe"));
    }

    /** Makes them and loads them into every node. */
    void load(String... programs) {
        Path root = Program.root();
        var build = new ArrayList<>(List.of(
                root.resolve("deploy/images/build").toString(),
                Program.isNative() ? "--native" : "--jvm",
                "--repository",
                repository,
                "--tag",
                TAG,
                "--out",
                root.resolve("integration-tests/target/images").toString()));
        build.addAll(List.of(programs));
        var load = new ArrayList<>(List.of(tool("load-image").toString()));
        String said = run(build);
        told(said, ARCHIVE).forEach(load::add);
        run(load);
        packed = told(said, "packed-bytes=").map(Long::parseLong).toList();
    }

    private static Stream<String> told(String said, String key) {
        return said.lines().filter(line -> line.startsWith(key)).map(line -> line.substring(key.length()));
    }

    /** Bytes of each image that was loaded last, as it is sent to a node, in that order. */
    List<Long> packed() {
        return packed;
    }

    private static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(3, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IllegalStateException(command + " failed: " + said);
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
