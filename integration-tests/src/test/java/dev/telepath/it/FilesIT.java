package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The files of a workload on this machine: mounted by sshfs, by a port, and as a copy that is kept up to date. */
@Timeout(120)
class FilesIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Vertx VERTX = Vertx.vertx();
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static Installation telepath;
    private static SampleService workload;
    /** Laid out as kubelet does with a ConfigMap. */
    private static Path config;
    /** A volume that the workload writes to, and whoever takes its place. */
    private static Path data;

    private Path folder;

    @BeforeAll
    static void install() throws IOException {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        config = Files.createDirectories(telepath.directory().resolve("config")).toRealPath();
        Files.createSymbolicLink(config.resolve("app.yaml"), Path.of("..data/app.yaml"));
        update("..1", "first");
        data = Files.createDirectories(telepath.directory().resolve("data")).toRealPath();
        telepath.startAgent(
                "web",
                workload.port(),
                "--share",
                config.toString(),
                "--share-writable",
                data.toString(),
                "--share-local",
                "/var/own");
        telepath.connect().orFail();
        await().atMost(WAIT)
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
    }

    @AfterAll
    static void end() throws IOException {
        telepath.close();
        workload.close();
        VERTX.close();
    }

    @BeforeEach
    void fresh() throws IOException {
        folder = Files.createTempDirectory(telepath.directory(), "files-").toRealPath();
    }

    @AfterEach
    void leave() {
        telepath.tp("leave", "web");
    }

    /** A ConfigMap gets a new version: its link is led to another directory. */
    private static void update(String version, String content) throws IOException {
        Files.createDirectories(config.resolve(version));
        Files.writeString(config.resolve(version).resolve("app.yaml"), content);
        Files.createSymbolicLink(config.resolve("..next"), Path.of(version));
        Files.move(config.resolve("..next"), config.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    }

    private Path there() {
        return folder.resolve(config.toString().substring(1)).resolve("app.yaml");
    }

    private static void assumeMounts() {
        assumeTrue(
                installed("sshfs") && installed("fusermount3") && Files.isWritable(Path.of("/dev/fuse")),
                "needs sshfs, fusermount3 and a usable /dev/fuse");
    }

    private static boolean installed(String program) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(each -> Files.isExecutable(Path.of(each, program)));
    }

    static String mounts() throws IOException {
        return Files.readString(Path.of("/proc/self/mounts"));
    }

    private JsonNode ingest(String... more) throws IOException {
        return engage(List.of("ingest", "web"), more);
    }

    private JsonNode intercept(String... more) throws IOException {
        return engage(List.of("intercept", "web", "--port", workload.port() + ":http"), more);
    }

    private static JsonNode engage(List<String> command, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(command);
        arguments.addAll(List.of("--detailed-output", "--output", "json"));
        arguments.addAll(List.of(more));
        return JSON.readTree(
                telepath.tp(arguments.toArray(String[]::new)).orFail().out());
    }

    @Test
    void theFilesAreMountedAndStayAcrossARestartOfTheManagerUntilTheEngagementIsLeft() throws Exception {
        assumeMounts();
        JsonNode engaged = ingest("--mount", folder.toString());

        assertThat(engaged.path("mount").path("mounted").asBoolean())
                .as("%s", engaged)
                .isTrue();
        assertThat(engaged.path("warnings")).isEmpty();
        assertThat(there()).hasContent(Files.readString(config.resolve("app.yaml")));
        assertThat(there().resolveSibling("more").toFile().mkdir())
                .as("it is read-only")
                .isFalse();

        JsonNode shown = JSON.readTree(
                        telepath.tp("status", "--output", "json").orFail().out())
                .at("/engagements/0/mount");
        assertThat(shown.path("local_dir").asText()).isEqualTo(folder.toString());
        assertThat(shown.path("mounted").asBoolean()).isTrue();
        assertThat(telepath.tp("status").out()).contains(folder + " (mounted)");

        telepath.manager().kill();
        telepath.startManager();
        Files.writeString(config.resolve("late.txt"), "written meanwhile");
        await().atMost(WAIT)
                .untilAsserted(
                        () -> assertThat(there().resolveSibling("late.txt")).hasContent("written meanwhile"));

        telepath.tp("leave", "web").orFail();
        assertThat(mounts()).doesNotContain(folder.toString());
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whoTakesTheWorkloadsPlaceWritesWhereThatIsAllowedAndNowhereElse() throws Exception {
        assumeMounts();
        JsonNode engaged = intercept("--mount", folder.toString());

        Path volume = folder.resolve(data.toString().substring(1));
        Files.writeString(volume.resolve("note"), "written here");
        assertThat(data.resolve("note")).hasContent("written here");
        Files.move(volume.resolve("note"), volume.resolve("renamed"));
        assertThat(data.resolve("renamed")).hasContent("written here");
        assertThatThrownBy(() -> Files.writeString(there(), "x")).isInstanceOf(AccessDeniedException.class);
        assertThatThrownBy(() -> Files.writeString(there().resolveSibling("fresh"), "x"))
                .isInstanceOf(AccessDeniedException.class);
        assertThat(engaged.at("/mount/read_only").asBoolean()).isFalse();
        assertThat(engaged.at("/mount/writable/0").asText()).isEqualTo(data.toString());
        assertThat(engaged.at("/environment/TELEPRESENCE_LOCAL_MOUNTS").asText())
                .isEqualTo("/var/own");
        // Long lines are folded.
        assertThat(telepath.tp("status").out())
                .containsIgnoringWhitespaces(folder + " (mounted, may be written: " + data + ")");
    }

    @Test
    void nothingIsWrittenWithRoNorByWhoLeavesTheWorkloadAlone() throws Exception {
        assumeMounts();
        Path volume = folder.resolve(data.toString().substring(1));
        intercept("--mount", folder + ":ro");
        assertThatThrownBy(() -> Files.writeString(volume.resolve("refused"), "x"))
                .hasMessageContaining("Read-only file system");
        telepath.tp("leave", "web").orFail();

        assertThat(ingest("--mount", folder.toString()).at("/mount/read_only").asBoolean())
                .isTrue();
        assertThatThrownBy(() -> Files.writeString(volume.resolve("refused"), "x"))
                .hasMessageContaining("Read-only file system");
        assertThat(data.resolve("refused")).doesNotExist();
    }

    @Test
    void aMountOfAKilledDaemonIsGoneAndItsFolderTooWhenAFreshOneConnects() throws Exception {
        assumeMounts();
        Path own = Path.of(
                ingest("--mount", "true").path("mount").path("local_dir").asText());
        assertThat(mounts()).contains(own.toString());

        ProcessHandle daemon = ProcessHandle.of(
                        JSON.readTree(telepath.tp("status", "--output", "json").out())
                                .path("daemon")
                                .path("pid")
                                .asLong())
                .orElseThrow();
        daemon.destroyForcibly();
        daemon.onExit().orTimeout(20, TimeUnit.SECONDS).join();

        await().atMost(WAIT).untilAsserted(() -> assertThat(mounts()).doesNotContain(own.toString()));
        telepath.connect("--fresh").orFail();
        assertThat(own).doesNotExist();
    }

    @Test
    void aLocalPortLeadsToTheFilesForAProgramOfOnesOwn() throws Exception {
        assumeTrue(installed("sftp") && installed("nc"), "needs sftp and nc");
        int port;
        try (var probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
        ingest("--local-mount-port", String.valueOf(port));

        Path batch = Files.writeString(
                folder.resolve("batch"), "get " + config + "/app.yaml " + folder.resolve("got") + "\n");
        telepath.runCommand(List.of("sftp", "-b", batch.toString(), "-D", "nc 127.0.0.1 " + port), Map.of(), WAIT)
                .orFail();

        assertThat(folder.resolve("got")).hasContent(Files.readString(config.resolve("app.yaml")));
    }

    @Test
    void whereNothingCanBeMountedTheFilesAreCopiedAndAWarningSaysWhy() throws Exception {
        var environment = new HashMap<>(telepath.tpEnvironment("copier"));
        // Neither sshfs nor fusermount3 is in the folder of java.
        environment.put("PATH", Path.of(System.getProperty("java.home"), "bin").toString());
        telepath.run(
                        Program.TP,
                        environment,
                        "connect",
                        "--manager",
                        telepath.managerAddress(),
                        "--token-file",
                        telepath.tokenFile("client-token").toString())
                .orFail();

        Result engaged = telepath.run(Program.TP, environment, "ingest", "web", "--mount", folder.toString())
                .orFail();

        if (Files.exists(Path.of("/proc/self/mounts"))) {
            assertThat(engaged.err()).contains("sshfs is not installed", "tp files web " + folder);
        }
        assertThat(engaged.err()).contains("copied once and not mounted");
        assertThat(there()).hasContent(Files.readString(config.resolve("app.yaml")));
        assertThat(mounts()).doesNotContain(folder.toString());
    }

    @Test
    void aCopyIsBroughtUpToDateByAskingAgain() throws Exception {
        ingest();
        Result first = telepath.tp("files", "web", folder.toString()).orFail();
        assertThat(first.out()).contains("files in " + folder);
        assertThat(there()).hasContent(Files.readString(config.resolve("app.yaml")));

        update("..copied", "asked again");
        JsonNode again = JSON.readTree(telepath.tp("files", "web", folder.toString(), "--output", "json")
                .orFail()
                .out());

        assertThat(there()).hasContent("asked again");
        assertThat(again.path("changed").toString()).contains("..copied/app.yaml");
    }

    @Test
    void aWatchedCopyFollowsItsConfigMap() throws Exception {
        ingest();
        List<String> command = Program.TP.command("128m");
        command.addAll(List.of("files", "web", folder.toString(), "--watch"));
        try (var watching = telepath.start("watch", command, telepath.tpEnvironment("dev"))) {
            await().atMost(WAIT).untilAsserted(() -> assertThat(there()).exists());
            update("..watched", "changed while watched");

            await().atMost(WAIT).untilAsserted(() -> assertThat(there()).hasContent("changed while watched"));
        }
    }

    @Test
    void filesOfWhatIsNotEngagedAreNotFound() {
        Result result = telepath.tp("files", "nothing", folder.toString());

        assertThat(result.exit()).isEqualTo(6);
        assertThat(result.err()).contains("there is no engagement nothing");
    }
}
