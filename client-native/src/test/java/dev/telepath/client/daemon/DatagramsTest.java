package dev.telepath.client.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import dev.telepath.client.control.Caller;
import dev.telepath.client.control.Wire;
import dev.telepath.client.home.Journal;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.nio.NioEventLoopGroup;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
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

/** The proxy's relay for datagrams, and its PAC file, as programs see them. */
@Timeout(60)
class DatagramsTest {
    private static final int FLOWS = 2;

    @TempDir
    Path folder;

    private final NioEventLoopGroup loops = new NioEventLoopGroup(1);
    private FakeManager manager;
    private DaemonCommands commands;
    private int proxy;

    @BeforeAll
    static void quiet() {
        // Calls that were cancelled fail afterwards; that is not what is tested.
        Infrastructure.setDroppedExceptionHandler(late -> {});
    }

    @BeforeEach
    void connect() throws IOException {
        manager = new FakeManager(0, Set.of("WatchInterceptsDelta", "WatchAgentPodsDelta", "ReconnectClient"));
        start("1m");
    }

    /** The daemon, connected; datagram flows end after that much silence. */
    private void start(String idle) {
        Map<Setting, String> flags = new EnumMap<>(Setting.class);
        flags.put(Setting.PROXY_UDP_FLOWS, String.valueOf(FLOWS));
        flags.put(Setting.UDP_IDLE, idle);
        Settings settings = Settings.resolve(flags, Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty());
        commands = new DaemonCommands(
                settings,
                loops,
                new SimpleMeterRegistry(),
                new Journal(folder.resolve("journal.json")),
                "test",
                folder,
                folder.resolve("gateway.sock"),
                () -> {});
        proxy = ask(
                        "connect",
                        args().put("manager", "http://127.0.0.1:" + manager.port())
                                .put("namespace", "default")
                                .put("name", "tester@here"))
                .path("proxy")
                .path("port")
                .asInt();
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

    private static ObjectNode args() {
        return Wire.JSON.createObjectNode();
    }

    private int open() {
        return ask("status", args()).path("streams").path("open").asInt();
    }

    private double dropped() {
        return ask("status", args())
                .path("metrics")
                .path("telepath_datagrams_dropped")
                .asDouble();
    }

    /** A datagram service that sends back what it gets. */
    private static DatagramSocket echo() throws IOException {
        var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var packet = new DatagramPacket(new byte[65507], 65507);
                    socket.receive(packet);
                    socket.send(packet);
                }
            } catch (IOException closed) {
                // As intended.
            }
        });
        return socket;
    }

    /** A program's UDP association: its TCP connection, and the socket that it sends from. */
    private final class Association implements AutoCloseable {
        private final Socket control = new Socket(InetAddress.getLoopbackAddress(), proxy);
        private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        private final int relay;

        Association() throws IOException {
            control.setSoTimeout(5000);
            control.getOutputStream().write(new byte[] {5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0});
            byte[] answers = control.getInputStream().readNBytes(12);
            assertThat(Arrays.copyOf(answers, 10)).containsExactly(5, 0, 5, 0, 0, 1, 127, 0, 0, 1);
            relay = (answers[10] & 0xff) << 8 | answers[11] & 0xff;
        }

        void send(DatagramSocket from, byte[] bytes) throws IOException {
            from.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), relay));
        }

        byte[] receive(DatagramSocket at, int millis) throws IOException {
            at.setSoTimeout(millis);
            var packet = new DatagramPacket(new byte[65535], 65535);
            at.receive(packet);
            return Arrays.copyOf(packet.getData(), packet.getLength());
        }

        void echoes(byte[] bytes) throws IOException {
            send(socket, bytes);
            assertThat(receive(socket, 10_000)).isEqualTo(bytes);
        }

        @Override
        public void close() throws IOException {
            control.close();
            socket.close();
        }
    }

    private static byte[] toName(int port, byte[] payload) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.write(new byte[] {0, 0, 0, 3, 7});
            out.writeBytes("web.far");
            out.writeShort(port);
            out.write(payload);
        }
        return bytes.toByteArray();
    }

    private static byte[] toAddress(int port, String text) {
        byte[] payload = text.getBytes(StandardCharsets.US_ASCII);
        byte[] head = {0, 0, 0, 1, 127, 0, 0, 1, (byte) (port >> 8), (byte) port};
        byte[] all = Arrays.copyOf(head, head.length + payload.length);
        System.arraycopy(payload, 0, all, head.length, payload.length);
        return all;
    }

    @Test
    void datagramsGoToNamesAndAddressesAndComeBackFromThem() throws IOException {
        try (DatagramSocket echo = echo();
                var association = new Association()) {
            association.echoes(toName(echo.getLocalPort(), "by name".getBytes(StandardCharsets.US_ASCII)));
            association.echoes(toAddress(echo.getLocalPort(), "by address"));
            association.echoes(toName(echo.getLocalPort(), new byte[60_000]));
            assertThat(open()).isEqualTo(2);
        }
        await().untilAsserted(() -> assertThat(open()).isZero());
    }

    @Test
    void onlyTheFirstSenderIsServedAndFragmentsAreDropped() throws IOException {
        try (DatagramSocket echo = echo();
                var stranger = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                var association = new Association()) {
            byte[] whole = toAddress(echo.getLocalPort(), "mine");
            byte[] fragment = whole.clone();
            fragment[2] = 1;
            association.echoes(whole);

            association.send(association.socket, fragment);
            association.send(association.socket, new byte[] {0, 0, 0});
            association.send(stranger, toAddress(echo.getLocalPort(), "theirs"));

            await().untilAsserted(() -> assertThat(dropped()).isEqualTo(3));
            assertThatThrownBy(() -> association.receive(stranger, 1)).isInstanceOf(SocketTimeoutException.class);
            association.echoes(whole);
        }
    }

    @Test
    void theRelayEndsWithItsConnection() throws IOException {
        try (DatagramSocket echo = echo();
                var association = new Association()) {
            association.echoes(toAddress(echo.getLocalPort(), "before"));
            association.socket.connect(InetAddress.getLoopbackAddress(), association.relay);

            association.control.shutdownOutput();

            assertThat(association.control.getInputStream().read()).isEqualTo(-1);
            await().untilAsserted(() -> assertThatThrownBy(() -> {
                        association.send(association.socket, toAddress(echo.getLocalPort(), "after"));
                        association.receive(association.socket, 500);
                    })
                    .isInstanceOf(PortUnreachableException.class));
            await().untilAsserted(() -> assertThat(open()).isZero());
        }
    }

    @Test
    void aFurtherDestinationEndsTheOneIdleLongest() throws IOException {
        try (DatagramSocket first = echo();
                DatagramSocket second = echo();
                DatagramSocket third = echo();
                var association = new Association()) {
            association.echoes(toAddress(first.getLocalPort(), "1"));
            association.echoes(toAddress(second.getLocalPort(), "2"));
            association.echoes(toAddress(first.getLocalPort(), "1 again"));

            association.echoes(toAddress(third.getLocalPort(), "3"));

            assertThat(open()).isEqualTo(FLOWS);
            double streams = streams();
            association.echoes(toAddress(first.getLocalPort(), "1 is kept"));
            assertThat(streams()).isEqualTo(streams);
            association.echoes(toAddress(second.getLocalPort(), "2 is new"));
            assertThat(streams()).isEqualTo(streams + 1);
        }
    }

    private double streams() {
        return ask("status", args())
                .path("metrics")
                .path("telepath_streams{direction=\"outbound\"}")
                .asDouble();
    }

    @Test
    void aFlowThatIsSilentEndsAndTheNextDatagramOpensAnother() throws IOException {
        commands.close();
        start("1s");
        try (DatagramSocket echo = echo();
                var association = new Association()) {
            association.echoes(toAddress(echo.getLocalPort(), "first"));
            await().atMost(Duration.ofSeconds(10))
                    .untilAsserted(() -> assertThat(open()).isZero());

            association.echoes(toAddress(echo.getLocalPort(), "second"));
        }
    }

    @Test
    void aNameThatIsNotKnownCostsItsDatagramsAndNothingElse() throws IOException {
        try (DatagramSocket echo = echo();
                var association = new Association()) {
            byte[] unknown = toName(echo.getLocalPort(), new byte[1]);
            unknown[5] = 'x';
            association.send(association.socket, unknown);

            association.echoes(toName(echo.getLocalPort(), new byte[1]));
            assertThat(ask("status", args())
                            .path("metrics")
                            .path("telepath_streams_failed{cause=\"not-found\",direction=\"outbound\"}")
                            .asInt())
                    .isEqualTo(1);
        }
    }

    @Test
    void thePacFileIsWhereStatusSaysAndSendsTheServicesNamesToTheProxy() throws Exception {
        String url = ask("status", args()).path("proxy").path("pac").asText();
        assertThat(url).isEqualTo("http://127.0.0.1:" + proxy + "/proxy.pac");
        try (var browser = HttpClient.newHttpClient()) {
            HttpResponse<String> answer =
                    browser.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());

            assertThat(answer.headers().firstValue("content-type")).contains("application/x-ns-proxy-autoconfig");
            assertThat(answer.body())
                    .contains("function FindProxyForURL(url, host)", "\"PROXY 127.0.0.1:" + proxy + "\"", "\".svc\"");
        }
    }
}
