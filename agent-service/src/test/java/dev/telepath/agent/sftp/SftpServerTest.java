package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.sftp.SftpClient.Reply;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SftpServerTest {
    private static final String TOKEN = "the-token";

    @TempDir
    Path directory;

    private Path lent;
    private SftpServer server;
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final List<SftpServer> started = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        directory = directory.toRealPath();
        lent = Files.createDirectories(directory.resolve("var/config"));
        // As kubelet lays out a ConfigMap.
        Files.createDirectories(lent.resolve("..2026_01"));
        Files.writeString(lent.resolve("..2026_01/app.yaml"), "inside");
        Files.createSymbolicLink(lent.resolve("..data"), Path.of("..2026_01"));
        Files.createSymbolicLink(lent.resolve("app.yaml"), Path.of("..data/app.yaml"));
        Files.writeString(directory.resolve("var/secret.txt"), "outside");
        Files.createSymbolicLink(lent.resolve("escape"), directory.resolve("var/secret.txt"));
        Files.createSymbolicLink(lent.resolve("up"), Path.of(".."));
        Files.createSymbolicLink(lent.resolve("absolute"), lent.resolve("..2026_01/app.yaml"));
        server = server(new SftpServer.Rules(2, 4, false));
    }

    private SftpServer server(SftpServer.Rules rules) throws IOException {
        var fresh = SftpServer.start(
                SharedPaths.of(List.of(lent)), TOKEN, rules, new AgentMetrics(metrics, new Credit(1, 1)));
        started.add(fresh);
        return fresh;
    }

    @AfterEach
    void stop() {
        started.forEach(SftpServer::close);
    }

    private SftpClient client() throws IOException {
        return SftpClient.connect(server.port(), TOKEN);
    }

    @Test
    void aFileIsReadThroughTheLinksOfAConfigMap() throws IOException {
        try (var client = client()) {
            assertThat(client.readAll(lent + "/app.yaml")).isEqualTo("inside");
            assertThat(client.readAll(lent + "/absolute")).isEqualTo("inside");
            assertThat(client.link(lent + "/app.yaml")).isEqualTo("..data/app.yaml");
        }
        assertThat(metrics.get("telepath.sftp.bytes").counter().count()).isEqualTo(12);
    }

    @Test
    void anAbsoluteLinkIsToldRelativeSinceTheClientHasTheTreeElsewhere() throws IOException {
        try (var client = client()) {
            assertThat(client.link(lent + "/absolute")).isEqualTo("..2026_01/app.yaml");
        }
    }

    @Test
    void theDirectoriesAboveShowOnlyTheWayToWhatIsLent() throws IOException {
        try (var client = client()) {
            assertThat(client.list("/")).containsExactly(lent.getName(0).toString());
            assertThat(client.list(directory + "/var")).containsExactly("config");
            assertThat(client.status(Code.STAT, directory + "/var/secret.txt")).isEqualTo(2);
        }
    }

    @Test
    void aListingLeavesOutLinksThatLeadOut() throws IOException {
        try (var client = client()) {
            assertThat(client.list(lent.toString()))
                    .containsExactlyInAnyOrder("..2026_01", "..data", "app.yaml", "absolute");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "%s/escape",
                "%s/up/secret.txt",
                "%s/../secret.txt",
                "%s/up",
                "/etc/passwd",
                "%s/../configx",
                "%s\0"
            })
    void noPathLeadsOut(String form) throws IOException {
        String path = form.formatted(lent);
        try (var client = client()) {
            assertThat(client.open(path, 1).status()).isEqualTo(2);
            assertThat(client.status(Code.STAT, path)).isEqualTo(2);
            assertThat(client.status(Code.LSTAT, path)).isEqualTo(2);
            assertThat(client.status(Code.READLINK, path)).isEqualTo(2);
            assertThat(client.status(Code.OPENDIR, path)).isEqualTo(2);
        }
    }

    @Test
    void nothingIsChanged() throws IOException {
        String file = lent + "/app.yaml";
        try (var client = client()) {
            for (int flags : new int[] {2, 3, 1 | 4, 1 | 8, 1 | 16}) {
                assertThat(client.open(file, flags).status()).isEqualTo(3);
            }
            for (int type : new int[] {Code.SETSTAT, Code.REMOVE, Code.MKDIR, Code.RMDIR, Code.RENAME, Code.SYMLINK}) {
                assertThat(client.status(type, file)).isEqualTo(3);
            }
        }
        assertThat(Files.readString(lent.resolve("app.yaml"))).isEqualTo("inside");
    }

    @Test
    void aReadBeyondTheEndIsTheEnd() throws IOException {
        try (var client = client()) {
            byte[] handle = client.open(lent + "/app.yaml", 1).handle();
            assertThat(client.read(handle, 4, 100).data()).isEqualTo("de");
            assertThat(client.read(handle, 6, 100).status()).isEqualTo(1);
            assertThat(client.read(handle, Long.MAX_VALUE, 100).status()).isEqualTo(1);
            assertThat(client.read(handle, -1, 100).status()).isEqualTo(1);
            assertThat(client.read(handle, 0, -1).data()).isEqualTo("inside");
        }
    }

    @Test
    void aLargeFileComesInPiecesBelowTheLimitOfAPacket() throws IOException {
        Files.write(lent.resolve("large"), new byte[700_000]);
        try (var client = client()) {
            byte[] handle = client.open(lent + "/large", 1).handle();
            Reply first = client.read(handle, 0, Integer.MAX_VALUE);
            assertThat(first.size()).isBetween(1, Packet.MOST_BYTES);
            assertThat(client.readAll(lent + "/large")).hasSize(700_000);
        }
    }

    @Test
    void openFilesOfAConnectionAreLimitedAndAClosedOneMakesRoom() throws IOException {
        try (var client = client()) {
            var handles = new ArrayList<byte[]>();
            for (int each = 0; each < 4; each++) {
                handles.add(client.open(lent + "/app.yaml", 1).handle());
            }
            assertThat(client.open(lent + "/app.yaml", 1).status()).isEqualTo(4);
            client.close(handles.getFirst());
            assertThat(client.open(lent + "/app.yaml", 1).status()).isZero();
        }
    }

    @Test
    void whoBringsNoTokenOrAWrongOneIsNotServed() {
        assertThatThrownBy(() -> SftpClient.connect(server.port(), "wrong")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> SftpClient.connect(server.port(), "")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> SftpClient.connect(server.port(), "x".repeat(5000)))
                .isInstanceOf(IOException.class);
        await().untilAsserted(() -> assertThat(metrics.get("telepath.sftp.connections")
                        .tag("result", "no-token")
                        .counter()
                        .count())
                .isEqualTo(3));
    }

    @Test
    void anOpenServerTakesClientsWithoutTokenButNoneWithAWrongOne() throws IOException {
        SftpServer open = server(new SftpServer.Rules(4, 4, true));
        try (var client = SftpClient.connect(open.port(), "")) {
            assertThat(client.readAll(lent + "/app.yaml")).isEqualTo("inside");
        }
        assertThatThrownBy(() -> SftpClient.connect(open.port(), "wrong")).isInstanceOf(IOException.class);
    }

    @Test
    void connectionsAreLimitedAndOneThatEndsMakesRoom() throws IOException {
        try (var first = client()) {
            try (var second = client()) {
                assertThatThrownBy(this::client).isInstanceOf(IOException.class);
                assertThat(second.readAll(lent + "/app.yaml")).isEqualTo("inside");
            }
            await().ignoreExceptions().untilAsserted(() -> {
                try (var third = client()) {
                    assertThat(third.list("/")).isNotEmpty();
                }
            });
            assertThat(first.list("/")).isNotEmpty();
        }
    }

    @Test
    void aPipeIsNotOpened() throws Exception {
        Path pipe = lent.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        try (var client = client()) {
            assertThat(client.open(pipe.toString(), 1).status()).isEqualTo(4);
        }
    }
}
