package dev.telepath.client.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlSocketTest {
    @TempDir
    Path folder;

    private final AtomicBoolean left = new AtomicBoolean();
    private final CountDownLatch hold = new CountDownLatch(1);
    private ControlServer server;

    @BeforeEach
    void start() {
        server = open();
    }

    private ControlServer open() {
        return ControlServer.open(folder.resolve("s"), folder.resolve("l"), this::handle, "1.2.3");
    }

    private com.fasterxml.jackson.databind.JsonNode handle(
            String command, com.fasterxml.jackson.databind.JsonNode args, Caller caller) {
        switch (command) {
            case "echo" -> {
                caller.progress("one");
                caller.progress("two");
                return args;
            }
            case "fail" -> throw new Failure(Kind.CONFLICT, "taken", "wait");
            case "break" -> throw new IllegalStateException("bug");
            case "big" -> {
                return TextNode.valueOf("x".repeat(Wire.MAX_LINE));
            }
            case "hold" -> {
                caller.onGone(() -> left.set(true));
                try {
                    hold.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                return args;
            }
            default -> throw new Failure(Kind.USAGE, "unknown", "");
        }
    }

    @AfterEach
    void stop() {
        hold.countDown();
        server.close();
    }

    @Test
    void aRequestGetsProgressAndItsResult() {
        List<String> progress = new ArrayList<>();
        try (ControlClient client = client()) {
            var args = Wire.JSON.createObjectNode().put("a", 1);

            assertThat(client.call("echo", args, progress::add)).isEqualTo(args);
            assertThat(progress).containsExactly("one", "two");
            assertThat(client.hello().path("version").asText()).isEqualTo("1.2.3");
            assertThat(client.call("echo", args, progress::add)).isEqualTo(args);
        }
    }

    @Test
    void failuresKeepTheirKindAndHint() {
        try (ControlClient client = client()) {
            assertThatThrownBy(() -> client.call("fail", Wire.JSON.createObjectNode(), text -> {}))
                    .isInstanceOfSatisfying(Failure.class, failure -> {
                        assertThat(failure.kind()).isEqualTo(Kind.CONFLICT);
                        assertThat(failure.hint()).isEqualTo("wait");
                    });
            assertThatThrownBy(() -> client.call("break", Wire.JSON.createObjectNode(), text -> {}))
                    .hasMessageContaining("bug");
            assertThatThrownBy(() -> client.call("big", Wire.JSON.createObjectNode(), text -> {}))
                    .hasMessageContaining("longer than");
        }
    }

    @Test
    void malformedLinesAreAnsweredAndTheConnectionGoesOn() throws IOException {
        try (SocketChannel raw = raw()) {
            var lines = new LineChannel(raw);
            lines.read();
            for (String line : List.of("", "{", "[]", "12", "\u0000", "{\"command\":5}", "{\"args\":[]}")) {
                raw.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
                assertThat(lines.read()).contains("\"error\"").contains("\"exitCode\":2");
            }
            raw.write(ByteBuffer.wrap("{\"command\":\"echo\"}\n".getBytes(StandardCharsets.UTF_8)));
            assertThat(lines.read()).contains("progress");
        }
    }

    @Test
    void aLineThatIsTooLongEndsItsConnectionOnly() throws IOException {
        try (SocketChannel raw = raw()) {
            var lines = new LineChannel(raw);
            lines.read();
            ByteBuffer flood = ByteBuffer.wrap("x".repeat(Wire.MAX_LINE + 1).getBytes(StandardCharsets.UTF_8));
            while (flood.hasRemaining()) {
                raw.write(flood);
            }
            assertThat(lines.read()).contains("longer than");
            assertThat(lines.read()).isNull();
        }
        try (ControlClient client = client()) {
            assertThat(client.call("echo", Wire.JSON.createObjectNode(), text -> {}))
                    .isEmpty();
        }
    }

    @Test
    void aCommandLineThatGoesAwayIsNoticedWhileItsRequestRuns() throws IOException {
        try (SocketChannel raw = raw()) {
            raw.write(ByteBuffer.wrap("{\"command\":\"hold\"}\n".getBytes(StandardCharsets.UTF_8)));
            await().until(() -> server.connections() == 1);
        }

        await().untilTrue(left);
        await().until(() -> server.connections() == 0);
    }

    @Test
    void aSecondDaemonIsRefused() {
        assertThatThrownBy(this::open)
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.CONFLICT));
    }

    @Test
    void aSocketLeftByACrashIsNoDaemonAndIsReplaced() throws IOException {
        server.close();
        try (var crashed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            crashed.bind(UnixDomainSocketAddress.of(folder.resolve("s")));
        }
        assertThat(folder.resolve("s")).exists();
        assertThat(ControlClient.open(folder.resolve("s"))).isEmpty();

        server = open();

        try (ControlClient client = client()) {
            assertThat(client.hello().path("protocol").asInt()).isEqualTo(Wire.PROTOCOL);
        }
    }

    @Test
    void aDaemonOfAnotherProtocolIsTold() throws IOException {
        Path other = folder.resolve("o");
        try (var listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(other));
            Thread.ofVirtual().start(() -> {
                try (SocketChannel accepted = listening.accept()) {
                    accepted.write(ByteBuffer.wrap(
                            "{\"hello\":{\"protocol\":99,\"version\":\"9\"}}\n".getBytes(StandardCharsets.UTF_8)));
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            assertThatThrownBy(() -> ControlClient.open(other)).hasMessageContaining("version 9");
        }
    }

    private ControlClient client() {
        return ControlClient.open(folder.resolve("s")).orElseThrow();
    }

    private SocketChannel raw() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(folder.resolve("s")));
        return channel;
    }
}
