package dev.telepath.it.network;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.Assertions;

/** What these suites see of a laptop: what tp tells of itself, its processes, and what is left when it is gone. */
final class Laptop {
    static final String HELLO = "hello from " + NearAndFar.SERVICE + "\n";
    static final String URL = "http://" + NearAndFar.SERVICE + ":8080/";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SOON = Duration.ofSeconds(30);

    private final NearAndFar world;
    private final String before;

    /** Nothing of tp is there yet. */
    Laptop(NearAndFar world) {
        this.world = world;
        this.before = world.laptop.settings();
    }

    JsonNode status() {
        return json(world.telepath.tp("status", "--output", "json").orFail().out());
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The proxy, as HOST:PORT. */
    String proxy() {
        return status().path("proxy").path("address").asText();
    }

    Result curl(String url) {
        return world.laptop("curl -sS -m 10 " + url);
    }

    /** Links, addresses, routes, rules, resolver and nf_tables become what they were before tp. */
    void awaitAsBefore() {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(
                        () -> Assertions.assertThat(world.laptop.settings()).isEqualTo(before));
    }

    /** The process of this laptop's tp that runs a command, if it is there. */
    Optional<ProcessHandle> process(String command) {
        String home = world.telepath.home("dev").toString();
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    List<String> line = words(process, "cmdline");
                    // By its arguments where sudo has taken the environment away.
                    return line.contains(command)
                            && !line.contains("setpriv")
                            && (words(process, "environ").contains("TELEPATH_HOME=" + home)
                                    || line.stream().anyMatch(word -> word.startsWith(home + "/")));
                })
                .findFirst();
    }

    private static List<String> words(ProcessHandle process, String file) {
        try {
            return List.of(Files.readString(Path.of("/proc/" + process.pid() + "/" + file))
                    .split("\0", -1));
        } catch (IOException gone) {
            return List.of();
        }
    }
}
