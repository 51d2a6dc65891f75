package dev.telepath.client.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.telepath.client.failure.Failure;
import dev.telepath.protocol.v1.Offering;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent's share, played by the proxy that leads to it, and a copy of it. */
class FolderCopyTest {
    @TempDir
    Path folder;

    /** What is lent below /etc/app. */
    private final Map<String, String> lent = new TreeMap<>(Map.of("a.txt", "one", "sub/b.txt", "two"));

    private int sent;
    private HttpServer agent;
    private FolderCopy copy;
    private Offering.Share share;

    @BeforeEach
    void start() throws IOException {
        folder = folder.toRealPath();
        agent = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        agent.createContext("/", this::serve);
        agent.start();
        share = Offering.Share.newBuilder()
                .setAddress(ByteString.copyFrom(new byte[] {10, 0, 0, 1}))
                .setPort(1)
                .addPaths("/etc/app")
                .build();
        copy = new Share(agent.getAddress(), 1 << 20).copyTo(folder);
    }

    @AfterEach
    void stop() {
        agent.stop(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = URI.create(exchange.getRequestURI().toString()).getPath();
        String state = "\"" + lent.hashCode() + "\"";
        try (exchange) {
            if (!path.equals("/tar/etc/app")) {
                exchange.sendResponseHeaders(404, -1);
            } else if (state.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
                exchange.sendResponseHeaders(304, -1);
            } else {
                sent++;
                exchange.getResponseHeaders().set("ETag", state);
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().write(archive());
            }
        }
    }

    private byte[] archive() {
        var out = new ByteArrayOutputStream();
        lent.forEach((name, content) -> {
            byte[] header = new byte[512];
            byte[] body = content.getBytes(StandardCharsets.UTF_8);
            System.arraycopy(name.getBytes(StandardCharsets.UTF_8), 0, header, 0, name.length());
            byte[] size = String.format("%011o", body.length).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(size, 0, header, 124, size.length);
            header[156] = '0';
            out.writeBytes(header);
            out.writeBytes(body);
            out.writeBytes(new byte[512 - body.length]);
        });
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    @Test
    void theFilesLieWhereTheWorkloadHasThem() {
        var changes = copy.refresh(share);

        assertThat(folder.resolve("etc/app/a.txt")).hasContent("one");
        assertThat(folder.resolve("etc/app/sub/b.txt")).hasContent("two");
        assertThat(changes)
                .isEqualTo(new FolderCopy.Changes(
                        2, java.util.List.of("etc/app/a.txt", "etc/app/sub/b.txt"), java.util.List.of()));
    }

    @Test
    void aRefreshWritesWhatChangedAndRemovesWhatIsGoneWithItsEmptyFolders() throws IOException {
        copy.refresh(share);
        lent.put("a.txt", "new");
        lent.remove("sub/b.txt");

        var changes = copy.refresh(share);

        assertThat(folder.resolve("etc/app/a.txt")).hasContent("new");
        assertThat(folder.resolve("etc/app/sub")).doesNotExist();
        assertThat(changes.changed()).containsExactly("etc/app/a.txt");
        assertThat(changes.removed()).containsExactly("etc/app/sub/b.txt");
        assertThat(Files.list(folder.resolve("etc/app"))).containsExactly(folder.resolve("etc/app/a.txt"));
    }

    @Test
    void aFolderThatBecameAFileIsReplacedUnlessTheUserHasSomethingInIt() throws IOException {
        copy.refresh(share);
        lent.remove("sub/b.txt");
        lent.put("sub", "a file now");
        Path own = Files.writeString(folder.resolve("etc/app/sub/own.txt"), "mine");

        assertThatThrownBy(() -> copy.refresh(share))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("in the way");
        assertThat(own).hasContent("mine");

        Files.delete(own);
        copy.refresh(share);
        assertThat(folder.resolve("etc/app/sub")).hasContent("a file now");
    }

    @Test
    void whatIsAsBeforeIsNotSentAgain() {
        copy.refresh(share);

        assertThat(copy.refresh(share)).satisfies(changes -> {
            assertThat(changes.none()).isTrue();
            assertThat(changes.files()).isEqualTo(2);
        });
        assertThat(sent).isEqualTo(1);
    }

    @Test
    void anotherRunGoesOnWithTheCopyOfTheLast() {
        copy.refresh(share);
        lent.remove("a.txt");

        var changes = new Share(agent.getAddress(), 1 << 20).copyTo(folder).refresh(share);

        assertThat(changes.changed()).isEmpty();
        assertThat(changes.removed()).containsExactly("etc/app/a.txt");
    }

    @Test
    void filesOfTheUserStay() throws IOException {
        copy.refresh(share);
        Path own = Files.writeString(folder.resolve("etc/app/own.txt"), "mine");
        lent.clear();

        copy.refresh(share);

        assertThat(own).hasContent("mine");
        assertThat(folder.resolve("etc/app/a.txt")).doesNotExist();
    }

    @Test
    void aLinkOfTheUserLeadsNothingOutOfTheFolder(@TempDir Path elsewhere) throws IOException {
        Files.createSymbolicLink(folder.resolve("etc"), elsewhere);

        assertThatThrownBy(() -> copy.refresh(share))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("in the way");
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void whatCannotBeFetchedIsToldAndTheCopyStays() {
        copy.refresh(share);

        assertThatThrownBy(() -> copy.refresh(
                        share.toBuilder().clearPaths().addPaths("/gone").build()))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("/gone")
                .hasMessageContaining("404");
        assertThat(folder.resolve("etc/app/a.txt")).hasContent("one");
        assertThat(copy.refresh(share).none()).isTrue();
    }
}
