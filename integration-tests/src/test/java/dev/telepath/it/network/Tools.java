package dev.telepath.it.network;

import static org.awaitility.Awaitility.await;

import dev.telepath.harness.NearAndFar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Programs of the system that a suite needs; {@code integration-tests/network/run} installs them. */
final class Tools {
    private static final List<String> FOLDERS = List.of("/usr/bin", "/usr/sbin", "/usr/local/bin");

    private Tools() {}

    /** Skips the test, and says why, where one of them is not there. */
    static void require(String... names) {
        for (String name : names) {
            boolean there = FOLDERS.stream().anyMatch(folder -> Files.isExecutable(Path.of(folder, name)));
            if (!there) {
                Assumptions.abort("skipped: " + name + " is not installed");
            }
        }
    }

    /** Waits until somebody listens for TCP in the cluster. */
    static void awaitListening(NearAndFar world, String address, int port) {
        await().atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> world.cluster
                        .run("bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + port + " && echo open")
                        .contains("open"));
    }
}
