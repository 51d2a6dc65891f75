package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.harness.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Containers of a real cluster that are replaced, and come back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NullUnmarked
class ReplaceIT {
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private ClusterRig rig;
    private LocalProcess local;

    @TempDir
    private Path folder;

    @BeforeAll
    void install() throws IOException {
        rig = ClusterRig.here();
        local = LocalProcess.start();
        rig.start();
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (local != null) {
            local.close();
        }
        if (rig != null) {
            rig.close();
        }
    }

    private Result replace(String where, String name, String... more) {
        String[] command = {"replace", name, "--namespace", where, "--port", local.port() + ":8080"};
        return rig.tp(Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new));
    }

    private void awaitAnswer(String where, String name, String part) {
        await().atMost(PATIENCE).until(() -> rig.called(where, name).contains(part));
    }

    @Test
    void aReplacedContainerIsAwayUntilTheUserLeavesWhateverBecomesOfTheManager() throws IOException {
        rig.echo(rig.open(), "Deployment", "taken", "http", "");
        String before = rig.template(rig.open(), "Deployment", "taken");
        Path environment = folder.resolve("environment.json");

        Result replaced = replace(rig.open(), "taken", "--env-json", environment.toString());
        assertThat(replaced.exit()).as(replaced.all()).isZero();
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(rig.containers(rig.open(), "taken")).isEqualTo("telepath-agent"));
        awaitAnswer(rig.open(), "taken", LocalProcess.TEXT);
        assertThat(Files.readString(environment)).contains("\"GREETING\"", "hello world", "\"POD\"");
        assertThat(rig.tp("list", "--namespace", rig.open()).out()).contains("replaced");
        Result refused = rig.tp("intercept", "second", "--workload", "taken", "--port", "1:8080");
        assertThat(refused.exit()).isNotZero();
        assertThat(refused.all()).contains("already replaced by");

        rig.restartManager();
        assertThat(rig.containers(rig.open(), "taken")).isEqualTo("telepath-agent");
        awaitAnswer(rig.open(), "taken", LocalProcess.TEXT);

        Result left = rig.tp("leave", "taken");
        assertThat(left.exit()).as(left.all()).isZero();
        awaitAnswer(rig.open(), "taken", "\"uri\": \"/whoami\"");
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(rig.containers(rig.open(), "taken")).isEqualTo("echo"));
        assertThat(rig.template(rig.open(), "Deployment", "taken")).isEqualTo(before);
    }

    @Test
    void aNumericPortOfARestrictedNamespaceIsReplacedWithoutPrivilege() {
        rig.echo(rig.restricted(), "Deployment", "bare", "8080", "");
        Result replaced = replace(rig.restricted(), "bare");
        assertThat(replaced.exit()).as(replaced.all()).isZero();
        awaitAnswer(rig.restricted(), "bare", LocalProcess.TEXT);
        Result left = rig.tp("leave", "bare");
        assertThat(left.exit()).as(left.all()).isZero();
        awaitAnswer(rig.restricted(), "bare", "\"uri\": \"/whoami\"");
    }

    @Test
    void aManagerThatFindsNoEngagementForAReplacedContainerBringsItBack() {
        rig.echo(rig.open(), "Deployment", "orphan", "http", "");
        String before = rig.template(rig.open(), "Deployment", "orphan");
        Result replaced = replace(rig.open(), "orphan");
        assertThat(replaced.exit()).as(replaced.all()).isZero();

        rig.withoutManager(() -> rig.tp("quit"));
        rig.connect(rig.open());

        awaitAnswer(rig.open(), "orphan", "\"uri\": \"/whoami\"");
        assertThat(rig.template(rig.open(), "Deployment", "orphan")).isEqualTo(before);
    }
}
