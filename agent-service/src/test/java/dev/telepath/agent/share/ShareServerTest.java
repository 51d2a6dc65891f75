package dev.telepath.agent.share;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShareServerTest {
    @TempDir
    Path directory;

    private Path lent;
    private final RecentLog log = new RecentLog(2);
    private ShareServer server;

    @BeforeEach
    void start() throws IOException {
        directory = directory.toRealPath();
        lent = Files.createDirectories(directory.resolve("lent"));
        Files.writeString(lent.resolve("config.txt"), "inside");
        Files.createDirectories(lent.resolve("sub"));
        Files.writeString(lent.resolve("sub/" + "n".repeat(150)), "long name");
        Files.writeString(directory.resolve("secret.txt"), "outside");
        Files.createSymbolicLink(lent.resolve("escape"), directory.resolve("secret.txt"));
        Files.createSymbolicLink(lent.resolve("up"), directory);
        Files.createSymbolicLink(lent.resolve("link"), Path.of("config.txt"));
        server = ShareServer.start(SharedPaths.of(List.of(lent)), Optional.of(log), 4);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** The raw response: a client library would tidy the path up before sending it. */
    private String get(String path, String token) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.0\r\nAuthorization: Bearer " + token + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void aLentFileIsServed() throws IOException {
        assertThat(get("/files" + lent + "/config.txt", server.token()))
                .contains("200 OK")
                .endsWith("inside");
        assertThat(get("/files" + lent + "/link", server.token())).endsWith("inside");
    }

    @Test
    void withoutTheTokenNothingIsServed() throws IOException {
        assertThat(get("/files" + lent + "/config.txt", "wrong"))
                .contains("401")
                .doesNotContain("inside");
        assertThat(get("/logs", "")).contains("401");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/files%s/../secret.txt",
                "/files%s/%%2e%%2e/secret.txt",
                "/files%s/..%%2fsecret.txt",
                "/files%s/escape",
                "/files%s/up/secret.txt",
                "/files%s/../lentx",
                "/files/%s/sub/../../secret.txt",
                "/tar%s/up",
                "/tar%s/..",
                "/files%s/%%00",
                "/files%s/sub"
            })
    void noPathLeadsOut(String form) throws IOException {
        assertThat(get(form.formatted(lent), server.token()))
                .containsAnyOf("404", "400")
                .doesNotContain("outside");
    }

    @Test
    void aDirectoryIsServedAsTarWithoutLinksThatLeadOut() throws IOException {
        String response = get("/tar" + lent, server.token());
        assertThat(response)
                .contains("config.txt")
                .contains("inside")
                .contains("path=sub/" + "n".repeat(150))
                .contains("link")
                .doesNotContain("escape")
                .doesNotContain("outside");
        int body = response.indexOf("\r\n\r\n") + 4;
        assertThat((response.length() - body) % 512).isZero();
    }

    @Test
    void aTreeThatIsAsBeforeIsNotSentAgainAndOneThatChangedIs() throws IOException {
        String state = get("/tar" + lent, server.token())
                .lines()
                .filter(line -> line.startsWith("Etag: "))
                .findFirst()
                .orElseThrow()
                .substring("Etag: ".length());
        String condition = server.token() + "\r\nIf-None-Match: " + state;

        assertThat(get("/tar" + lent, condition)).contains("304").doesNotContain("inside");
        Files.writeString(lent.resolve("config.txt"), "inside still");
        assertThat(get("/tar" + lent, condition)).contains("200 OK").contains("inside still");
    }

    @Test
    void recentLogLinesAreKeptUpToTheirLimit() throws IOException {
        for (String line : List.of("first", "second", "third")) {
            log.publish(new LogRecord(Level.INFO, line));
        }
        assertThat(get("/logs", server.token()))
                .contains("second")
                .contains("third")
                .doesNotContain("first");
    }

    @Test
    void aFileThatShrankIsFilledSoThatTheArchiveStaysWhole() throws IOException {
        var out = new ByteArrayOutputStream();
        new TarWriter(out).file("f", 700, 0644, 0, new java.io.ByteArrayInputStream(new byte[] {1, 2, 3}));
        assertThat(out.size()).isEqualTo(512 + 1024);
    }
}
