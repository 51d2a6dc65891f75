package dev.telepath.it.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a pod's volumes hold, on this machine: mounted where that is possible, else and by {@code tp files} copied. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(240)
@NullUnmarked
class WorkloadFilesIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A kubelet brings a changed ConfigMap to its pods within its sync period, a minute and more. */
    private static final Duration SYNCED = Duration.ofSeconds(150);

    @TempDir
    Path work;

    private ClusterRig rig;

    @BeforeAll
    void install() {
        rig = ClusterRig.here();
        rig.start();
        rig.workload("files", Map.of("HOME_NS", rig.open()));
        rig.podsAreReady(rig.open(), "files");
        rig.connect(rig.open());
    }

    @AfterAll
    void uninstall() {
        if (rig != null) {
            // Of the whole cluster, and not of the namespaces that are removed with the rig.
            rig.kubectl("delete", "persistentvolume", rig.open(), "--wait=false", "--ignore-not-found");
            rig.close();
        }
    }

    private static void holdsWhatTheVolumesHold(Path root) throws IOException {
        assertThat(root.resolve("etc/config/greeting")).hasContent("hello");
        assertThat(root.resolve("etc/secret/password")).hasContent("s3cret");
        assertThat(root.resolve("scratch/note")).hasContent("scratched\n");
        assertThat(root.resolve("data/note")).hasContent("kept\n");
        // A token of JSON, as a JWT has it: header, claims, signature.
        assertThat(Files.readString(root.resolve("var/run/audience/token")).split("\\."))
                .hasSize(3);
        assertThat(root.resolve("var/run/secrets/kubernetes.io/serviceaccount/namespace"))
                .exists();
    }

    @Test
    void theVolumesOfAPodAreReadHereAndAChangedConfigMapToo() throws Exception {
        Path mount = Files.createDirectory(work.resolve("mount"));
        JsonNode told = JSON.readTree(rig.tp(
                        "ingest",
                        "files",
                        "--namespace",
                        rig.open(),
                        "--mount",
                        mount.toString(),
                        "--detailed-output",
                        "--output",
                        "json")
                .orFail()
                .out());
        boolean mounted = told.at("/mount/mounted").asBoolean();
        holdsWhatTheVolumesHold(mount);
        assertThatThrownBy(() -> Files.writeString(mount.resolve("data/other"), "x"))
                .as("mounted=" + mounted)
                .isInstanceOf(IOException.class);
        Path copy = work.resolve("copy");
        rig.tp("files", "files", copy.toString()).orFail();
        holdsWhatTheVolumesHold(copy);

        rig.kubectl(
                        "-n",
                        rig.open(),
                        "patch",
                        "configmap",
                        "files-config",
                        "-p",
                        "{\"data\":{\"greeting\":\"good day\"}}")
                .orFail();

        await().atMost(SYNCED).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            JsonNode again = JSON.readTree(rig.tp("files", "files", copy.toString(), "--output", "json")
                    .orFail()
                    .out());
            assertThat(copy.resolve("etc/config/greeting")).as(again.toString()).hasContent("good day");
        });
        if (mounted) {
            // For a moment its link may lead to the folder of the version before, which is gone.
            await().atMost(SYNCED)
                    .ignoreExceptions()
                    .untilAsserted(() ->
                            assertThat(mount.resolve("etc/config/greeting")).hasContent("good day"));
        }
        rig.tp("leave", "files").orFail();
        assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain(mount.toString());
    }

    @Test
    void whatIsWrittenHereIsReadByTheContainerWhereAPolicySaysRemote() throws Exception {
        Path mount = Files.createDirectory(work.resolve("writing"));
        JsonNode told = JSON.readTree(rig.tp(
                        "intercept",
                        "files",
                        "--namespace",
                        rig.open(),
                        "--port",
                        "1:http",
                        "--mount",
                        mount.toString(),
                        "--detailed-output",
                        "--output",
                        "json")
                .orFail()
                .out());
        assumeTrue(told.at("/mount/mounted").asBoolean(), "needs sshfs, fusermount3 and a usable /dev/fuse");
        assertThat(told.at("/mount/writable").toString()).isEqualTo("[\"/scratch\"]");
        assertThat(told.at("/environment/TELEPRESENCE_LOCAL_MOUNTS").asText()).isEqualTo("/own");
        assertThat(mount.resolve("own")).doesNotExist();

        Files.writeString(mount.resolve("scratch/from-here"), "written here");
        assertThat(rig.kubectl("-n", rig.open(), "exec", "files-0", "-c", "echo", "--", "cat", "/scratch/from-here")
                        .orFail()
                        .out())
                .isEqualTo("written here");
        for (String readOnly : List.of("data/other", "etc/config/other", "etc/secret/password")) {
            assertThatThrownBy(() -> Files.writeString(mount.resolve(readOnly), "x"))
                    .as(readOnly)
                    .isInstanceOf(AccessDeniedException.class);
        }
        rig.tp("leave", "files").orFail();
    }
}
