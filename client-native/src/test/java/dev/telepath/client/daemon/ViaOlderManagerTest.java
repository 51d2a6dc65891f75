package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.Journal;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code --proxy-via} with a manager that does not know it and would dial whatever it is asked for. */
@Timeout(60)
class ViaOlderManagerTest {
    private static final String VIA = "127.0.0.1/32=web";

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private FakeManager manager;
    private DaemonCommands commands;

    @BeforeAll
    static void quiet() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void start() throws IOException {
        manager = new FakeManager(0, Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient"));
        commands = new DaemonCommands(
                Settings.resolve(Map.of(), Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty()),
                loops,
                new SimpleMeterRegistry(),
                new Journal(folder.resolve("journal.json")),
                "test",
                folder,
                folder.resolve("gateway.sock"),
                () -> {});
    }

    @AfterEach
    void stop() {
        commands.close();
        manager.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private JsonNode ask(String command, ObjectNode args) {
        return commands.handle(command, args, new Caller() {
            @Override
            public void progress(String text) {}

            @Override
            public boolean gone() {
                return false;
            }

            @Override
            public void onGone(Runnable action) {}
        });
    }

    private JsonNode connect(String via) {
        ObjectNode args = Wire.JSON
                .createObjectNode()
                .put("manager", "http://127.0.0.1:" + manager.port())
                .put("namespace", "default")
                .put("name", "tester@here");
        args.putObject("settings").put("network.proxy-via", via);
        return ask("connect", args);
    }

    /** What the proxy says to that destination. */
    private static String answer(JsonNode connected, ServerSocket destination) throws IOException {
        String where = destination.getInetAddress().getHostAddress() + ":" + destination.getLocalPort();
        try (var socket = new Socket(
                InetAddress.getLoopbackAddress(),
                connected.path("proxy").path("port").asInt())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(("CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void itIsNotAskedForWhatAWorkloadIsToDialAndForEverythingElseItIs() throws IOException {
        try (var viaWeb = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));
                var other = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.2"))) {
            JsonNode connected = connect(VIA);
            assertThat(connected.path("proxy_via_trouble").asText()).contains("too old");
            assertThat(connected.path("proxy_via").path(0).path("workload").asText())
                    .isEqualTo("web");

            assertThat(answer(connected, viaWeb)).startsWith("HTTP/1.1 5");
            assertThat(answer(connected, other)).isEqualTo("HTTP/1.1 200");
        }
    }

    @Test
    void anotherDaemonIsToldOfItAndAnotherConnectMeansTheSame() {
        connect(VIA);
        assertThat(connect(VIA).path("already").asBoolean()).isTrue();
        assertThatThrownBy(() -> connect("127.0.0.1/32=orders"))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(Kind.CONFLICT));

        JsonNode left = ask("hand-over", Wire.JSON.createObjectNode());

        assertThat(left.path("connect")
                        .path("settings")
                        .path("network.proxy-via")
                        .asText())
                .isEqualTo(VIA);
    }
}
