package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Program;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * The proxy as programs use it that may not change their machine: a shell with the lines of {@code tp env}, datagrams, the
 * PAC file. The name of the far side is known to the agent alone.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class ProxyIT {
    private static final String FAR = "shop.far.test";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService workload;
    private static DatagramSocket echo;
    private static Running agent;

    @BeforeAll
    static void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        echo = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(ProxyIT::sendBack);
        Path hosts = telepath.write(telepath.directory().resolve("hosts"), "127.0.0.1 " + FAR + "\n");
        List<String> command = new ArrayList<>(Program.AGENT.command("128m"));
        command.add(1, "-Djdk.net.hosts.file=" + hosts);
        command.addAll(List.of("--manager", telepath.managerAddress()));
        command.addAll(List.of("--token-file", telepath.tokenFile("agent-token").toString()));
        command.addAll(List.of("--name", "web", "--namespace", "default"));
        command.addAll(List.of("--port", "0=127.0.0.1:" + workload.port() + ":http"));
        agent = telepath.start("agent-web", command, Map.of());
        agent.port("port-http");
    }

    private static void sendBack() {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[65507], 65507);
                echo.receive(packet);
                echo.send(packet);
            }
        } catch (IOException closed) {
            // As intended.
        }
    }

    @AfterAll
    static void end() {
        telepath.close();
        workload.close();
        echo.close();
        VERTX.close();
    }

    /** Runs lines in bash; {@code tp} is there as a function. */
    private static Result shell(String lines) {
        List<String> command =
                new ArrayList<>(List.of("bash", "-c", "tp() { \"${TP[@]}\" \"$@\"; }; TP=(\"$@\")\n" + lines));
        command.add("bash");
        command.addAll(Program.TP.command("128m"));
        return telepath.runCommand(command, telepath.tpEnvironment("dev"), Duration.ofMinutes(1));
    }

    private static JsonNode status() throws IOException {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    @Test
    @Order(1)
    void withoutAConnectionAShellIsToldAndItsVariablesStay() {
        Result result = shell("eval \"$(tp env --shell bash)\"; echo \"<$HTTPS_PROXY>\"; tp env; echo $?");

        assertThat(result.out()).isEqualTo("<>\n3\n");
        assertThat(result.err()).contains("not connected").contains("tp connect");
    }

    @Test
    @Order(2)
    void curlReachesNamesOfTheFarSideInAShellThatEvaluatedTheLines() {
        telepath.connect().orFail();
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
        String url = "http://" + FAR + ":" + workload.port() + "/";

        Result direct = shell("curl -sS --max-time 20 " + url);
        Result http = shell("eval \"$(tp env --shell bash)\"; curl -sS --max-time 20 " + url);
        Result socks = shell("eval \"$(tp env --shell bash)\"; unset http_proxy; curl -sS --max-time 20 " + url);
        Result tunnel = shell("eval \"$(tp env --shell bash)\"; curl -sS --proxytunnel --max-time 20 " + url);
        Result undone =
                shell("eval \"$(tp env --shell bash)\"; eval \"$(tp env --unset --shell bash)\"; env | grep -i _proxy");

        assertThat(direct.exit()).as("the name is of the far side alone").isEqualTo(6);
        assertThat(http.orFail().out()).isEqualTo("hello from workload\n");
        assertThat(socks.orFail().out()).isEqualTo("hello from workload\n");
        assertThat(tunnel.orFail().out()).isEqualTo("hello from workload\n");
        assertThat(undone.out()).isEmpty();
    }

    @Test
    @Order(3)
    void localhostStaysLocalInSuchAShell() {
        Result result = shell("eval \"$(tp env --shell bash)\"; for host in 127.0.0.1 localhost; do"
                + " curl -sS -o /dev/null -w '%{remote_port} ' --max-time 20 http://$host:" + workload.port()
                + "/; done");

        assertThat(result.orFail().out()).isEqualTo((workload.port() + " ").repeat(2));
    }

    @Test
    @Order(4)
    void theLinesAreToldAsAnObjectToo() throws IOException {
        JsonNode told = JSON.readTree(telepath.tp("env", "--json").orFail().out());
        String address = status().path("proxy").path("address").asText();

        assertThat(told.path("variables").path("https_proxy").asText()).isEqualTo("http://" + address);
        assertThat(told.path("variables").path("ALL_PROXY").asText()).isEqualTo("socks5h://" + address);
        assertThat(told.path("pac").asText()).isEqualTo("http://" + address + "/proxy.pac");
    }

    @Test
    @Order(5)
    void datagramsReachTheFarSideByNameThroughAnAssociation() throws Exception {
        askedOf(FAR);
    }

    /** Opens an association, asks the service three times, and sees the relay's streams end with it. */
    private static void askedOf(String host) throws Exception {
        int proxy = status().path("proxy").path("port").asInt();
        try (var control = new Socket(InetAddress.getLoopbackAddress(), proxy);
                var program = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            control.setSoTimeout(10_000);
            control.getOutputStream().write(new byte[] {5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0});
            byte[] answers = control.getInputStream().readNBytes(12);
            assertThat(Arrays.copyOf(answers, 6)).containsExactly(5, 0, 5, 0, 0, 1);
            int relay = (answers[10] & 0xff) << 8 | answers[11] & 0xff;
            for (String text : List.of("one", "two", "x".repeat(1400))) {
                byte[] question = datagram(host, text);
                assertThat(answer(program, relay, question)).isEqualTo(question);
            }
            assertThat(status().path("streams").path("open").asInt()).isEqualTo(1);
        }
        await().atMost(Duration.ofSeconds(15))
                .until(() -> status().path("streams").path("open").asInt() == 0);
    }

    private static byte[] datagram(String host, String text) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new DataOutputStream(bytes)) {
            out.write(new byte[] {0, 0, 0, 3, (byte) host.length()});
            out.writeBytes(host);
            out.writeShort(echo.getLocalPort());
            out.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        return bytes.toByteArray();
    }

    /** As resolvers do, asks again while there is no answer. */
    private static byte[] answer(DatagramSocket program, int relay, byte[] question) throws IOException {
        program.setSoTimeout(3000);
        var packet = new DatagramPacket(new byte[2000], 2000);
        for (int tries = 0; ; tries++) {
            program.send(new DatagramPacket(question, question.length, InetAddress.getLoopbackAddress(), relay));
            try {
                program.receive(packet);
                return Arrays.copyOf(packet.getData(), packet.getLength());
            } catch (SocketTimeoutException e) {
                assertThat(tries).as("questions without an answer").isLessThan(5);
            }
        }
    }

    @Test
    @Order(6)
    void thePacFileSendsTheWorkloadsNameToTheProxy() throws IOException {
        String url = status().path("proxy").path("pac").asText();
        assertThat(telepath.tp("status").orFail().out()).contains(url);

        Result fetched = telepath.runCommand(
                List.of("curl", "-sS", "-i", "--max-time", "20", url), Map.of(), Duration.ofMinutes(1));

        assertThat(fetched.orFail().out())
                .contains("Content-Type: application/x-ns-proxy-autoconfig")
                .contains("var names = [\"web\"];")
                .contains("\"PROXY " + status().path("proxy").path("address").asText() + "\"")
                .contains("function FindProxyForURL(url, host)");
    }

    @Test
    @Order(7)
    void datagramsReachTheManagersNetworkWhereThereIsNoAgent() throws Exception {
        agent.close();
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).doesNotContain("web"));

        askedOf("localhost");
    }

    @Test
    @Order(8)
    void afterQuitThereIsNothingToEvaluateThoughTheDaemonRuns() {
        telepath.tp("quit").orFail();

        Result result = telepath.tp("env");

        assertThat(result.exit()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("not connected").contains("tp connect");
    }
}
