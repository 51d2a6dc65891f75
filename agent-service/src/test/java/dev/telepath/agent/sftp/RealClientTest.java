package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The programs that people have: sshfs and OpenSSH's sftp, as Telepresence's client starts the former. */
@Timeout(60)
class RealClientTest {
    @TempDir
    Path directory;

    private Path lent;
    private Path written;
    private Path mount;
    private SftpServer server;

    @BeforeEach
    void start() throws IOException {
        directory = directory.toRealPath();
        lent = Files.createDirectories(directory.resolve("lent/config"));
        written = Files.createDirectories(directory.resolve("lent/data"));
        mount = Files.createDirectory(directory.resolve("mount"));
        Files.createDirectories(lent.resolve("..1"));
        Files.writeString(lent.resolve("..1/app.yaml"), "from the cluster");
        Files.createSymbolicLink(lent.resolve("..data"), Path.of("..1"));
        Files.createSymbolicLink(lent.resolve("app.yaml"), Path.of("..data/app.yaml"));
        Files.write(lent.resolve("large"), new byte[3_000_000]);
        server = SftpServer.start(
                SharedPaths.of(List.of(lent), List.of(written)),
                "unused",
                new SftpServer.Rules(4, 64, true),
                new AgentMetrics(new SimpleMeterRegistry(), new Credit(1, 1)));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return said;
    }

    private static boolean installed(String program) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(each -> Files.isExecutable(Path.of(each, program)));
    }

    @Test
    void sshfsMountsTheFilesByTheirPort() throws Exception {
        assumeTrue(
                installed("sshfs") && installed("fusermount3") && Files.isWritable(Path.of("/dev/fuse")),
                "needs sshfs, fusermount3 and a usable /dev/fuse");
        String said = run("sshfs", "-o", "directport=" + server.port(), "localhost:/", mount.toString());
        try {
            Path there = mount.resolve(lent.toString().substring(1));
            assertThat(there.resolve("app.yaml")).as(said).hasContent("from the cluster");
            assertThat(Files.size(there.resolve("large"))).isEqualTo(3_000_000);
            assertThat(Files.readAllBytes(there.resolve("large"))).hasSize(3_000_000);
            try (var names = Files.list(there)) {
                assertThat(names.map(each -> each.getFileName().toString()))
                        .containsExactlyInAnyOrder("..1", "..data", "app.yaml", "large");
            }
            assertThat(there.resolve("fresh").toFile().mkdir()).isFalse();
            assertThatThrownBy(() -> Files.writeString(there.resolve("large"), "x"))
                    .isInstanceOf(AccessDeniedException.class);
            changes(mount.resolve(written.toString().substring(1)));
        } finally {
            run("fusermount3", "-u", mount.toString());
        }
    }

    /** What editors, shells and build tools do with files. */
    private void changes(Path there) throws Exception {
        Files.writeString(there.resolve("note"), "written here");
        assertThat(written.resolve("note")).hasContent("written here");
        Files.writeString(there.resolve("note"), "short");
        Files.writeString(there.resolve("note"), ", longer", StandardOpenOption.APPEND);
        assertThat(written.resolve("note")).hasContent("short, longer");
        byte[] large = new byte[1_000_000];
        Arrays.fill(large, (byte) 7);
        Files.write(there.resolve("large"), large);
        assertThat(Files.readAllBytes(written.resolve("large"))).isEqualTo(large);

        Files.createDirectories(there.resolve("a/b"));
        Files.move(there.resolve("note"), there.resolve("a/b/note"));
        Files.writeString(there.resolve("fresh"), "in its place");
        Files.move(there.resolve("fresh"), there.resolve("a/b/note"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(written.resolve("a/b/note")).hasContent("in its place");
        Files.createSymbolicLink(there.resolve("link"), Path.of("a/b/note"));
        assertThat(written.resolve("link")).hasContent("in its place");

        Path script = there.resolve("a/b/note");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-x---"));
        Files.setLastModifiedTime(script, FileTime.from(1_000_000_000, TimeUnit.SECONDS));
        Path real = written.resolve("a/b/note");
        assertThat(Files.getPosixFilePermissions(real)).isEqualTo(PosixFilePermissions.fromString("rwxr-x---"));
        assertThat(Files.getLastModifiedTime(real)).isEqualTo(FileTime.from(1_000_000_000, TimeUnit.SECONDS));
        assertThat(run("truncate", "-s", "100000", script.toString())).isEmpty();
        assertThat(Files.size(real)).isEqualTo(100_000);
        assertThat(run("sync", script.toString())).isEmpty();

        assertThat(run("rm", "-r", there.resolve("a").toString())).isEmpty();
        Files.delete(there.resolve("link"));
        Files.delete(there.resolve("large"));
        assertThat(written).isEmptyDirectory();
    }

    @Test
    void sftpListsAndGets() throws Exception {
        assumeTrue(installed("sftp") && installed("nc"), "needs sftp and nc");
        Path batch = Files.writeString(
                directory.resolve("batch"),
                "ls -l " + lent + "\nget " + lent + "/app.yaml " + directory.resolve("got") + "\n");
        String said = run("sftp", "-b", batch.toString(), "-D", "nc 127.0.0.1 " + server.port());
        assertThat(said).contains("app.yaml", "large", "3000000");
        assertThat(directory.resolve("got")).hasContent("from the cluster");
    }
}
