package dev.telepath.it.network;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Namespace;
import dev.telepath.harness.NearAndFar;
import dev.telepath.harness.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A suite's laptop: there before its tests, gone after them, skipped where there can be none. What tp tells of itself there, its
 * processes, and what is left when it is gone.
 */
final class Laptop implements BeforeAllCallback, AfterAllCallback {
    static final String HELLO = "hello from " + NearAndFar.SERVICE + "\n";
    static final String URL = "http://" + NearAndFar.SERVICE + ":8080/";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration SOON = Duration.ofSeconds(30);

    private final Supplier<NearAndFar> make;
    private @Nullable NearAndFar made;
    private String before = "";

    /** For {@code @RegisterExtension}, static. */
    Laptop() {
        this(() -> new NearAndFar(List.of()));
    }

    /**
     * @param make the laptop and its cluster; may skip the suite
     */
    Laptop(Supplier<NearAndFar> make) {
        this.make = make;
    }

    /** One that a test has made, and ends; nothing of tp is there yet. */
    static Laptop of(NearAndFar world) {
        var laptop = new Laptop(() -> world);
        laptop.begin();
        return laptop;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Namespace.missing().ifPresent(why -> Assumptions.abort("skipped: " + why));
        begin();
    }

    private void begin() {
        made = make.get();
        remember();
    }

    /** What there is now is what has to be there again when tp is gone. */
    void remember() {
        before = world().laptop.settings();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (made != null) {
            made.close();
        }
    }

    /** Both, while the suite runs. */
    NearAndFar world() {
        return Objects.requireNonNull(made, "the suite has not begun");
    }

    /** Ends tp, and sees that nothing of it stays. After a suite was skipped it does nothing. */
    void quit() {
        if (made != null) {
            made.telepath.tp("quit", "-s");
            awaitAsBefore();
        }
    }

    JsonNode status() {
        return json(world().telepath.tp("status", "--output", "json").orFail().out());
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
        return world().laptop("curl -sS -m 10 " + url);
    }

    /** Links, addresses, routes, rules, resolver and nf_tables become what they were before tp. */
    void awaitAsBefore() {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(50))
                .untilAsserted(
                        () -> Assertions.assertThat(world().laptop.settings()).isEqualTo(before));
    }

    /** The process of this laptop's tp that runs a command, if it is there. */
    Optional<ProcessHandle> process(String command) {
        String home = world().telepath.home("dev").toString();
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
