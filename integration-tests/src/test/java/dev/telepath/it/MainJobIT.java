package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/** The main job with the three programs as a user runs them: steps of one session, in order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
class MainJobIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Vertx VERTX = Vertx.vertx();
    private static Installation telepath;
    private static SampleService workload;
    private static SampleService laptop;
    private static Running agent;
    private static int web;

    @BeforeAll
    static void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(VERTX, "workload", 0);
        laptop = SampleService.start(VERTX, "laptop", 0);
        Path lent = Files.createDirectories(telepath.directory().resolve("etc-web"));
        telepath.write(lent.resolve("web.conf"), "colour=blue\n");
        Path env = telepath.write(
                telepath.directory().resolve("web.env"), "GREETING=hello there\nREGION=eu\nSECRET=hidden\n");
        agent = telepath.startAgent(
                "web",
                workload.port(),
                "--env-file",
                env.toString(),
                "--env",
                "GREETING",
                "--env",
                "REGION",
                "--share",
                lent.toString(),
                "--port",
                "0=127.0.0.1:" + answering("workload").getLocalPort() + "/udp:datagrams");
        web = agent.port("port-http");
    }

    @AfterAll
    static void end() {
        telepath.close();
        workload.close();
        laptop.close();
        VERTX.close();
    }

    @Test
    @Order(1)
    void idleTrafficReachesTheWorkloadUntouched() throws Exception {
        assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n");
    }

    @Test
    @Order(2)
    void connectAttachesTheLaptop() {
        Result result = telepath.connect().orFail();
        assertThat(result.out()).containsIgnoringCase("connected");
    }

    @Test
    @Order(3)
    void statusAndListTellWhatIsThere() throws Exception {
        JsonNode status = json("status", "--output", "json");
        assertThat(status.path("connection").path("state").asText()).isEqualTo("attached");
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            String list = telepath.tp("list").orFail().out();
            assertThat(list).contains("web").contains("ready to engage");
        });
        assertThat(json("list", "--output", "json").toString()).contains("\"web\"");
        assertThat(telepath.tp("list", "--output", "yaml").orFail().out())
                .contains("name:")
                .contains("web");
    }

    @Test
    @Order(4)
    void interceptBringsTheWorkloadsTrafficToTheLaptop() throws Exception {
        Result result = telepath.tp("intercept", "web", "--port", laptop.port() + ":http")
                .orFail();
        assertThat(result.out()).contains("web");
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        long before = workload.requests();
        try (Http http = new Http(web)) {
            for (int i = 0; i < 50; i++) {
                assertThat(http.get("/")).isEqualTo("hello from laptop\n");
            }
        }
        assertThat(workload.requests()).isEqualTo(before);
        assertThat(telepath.tp("list", "-i").orFail().out()).contains("intercepted");
        assertThat(telepath.tp("status").orFail().out()).contains("web");
    }

    @Test
    @Order(5)
    void aSecondUserIsToldWhoHoldsTheWorkload() {
        Path token = telepath.tokenFor("bob", "1h");
        telepath.tpAs("bob", "connect", "--manager", telepath.managerAddress(), "--token-file", token.toString())
                .orFail();
        Result refused = telepath.tpAs("bob", "intercept", "web", "--port", laptop.port() + ":http");
        assertThat(refused.exit()).as(refused.all()).isEqualTo(7);
        assertThat(refused.err()).contains("web").contains("already");
        assertThat(refused.err().lines().count()).isLessThanOrEqualTo(2);
        telepath.tpAs("bob", "quit", "-s").orFail();
    }

    @Test
    @Order(6)
    void leaveGivesTheTrafficBack() {
        telepath.tp("leave", "web").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
        assertThat(telepath.tp("list").orFail().out()).contains("ready to engage");
    }

    @Test
    @Order(7)
    void aWiretapCopiesRequestsAndLeavesTheAnswersAlone() throws Exception {
        telepath.tp("wiretap", "web", "--port", laptop.port() + ":http").orFail();
        long before = laptop.requests();
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n");
            assertThat(laptop.requests()).isGreaterThan(before);
        });
        telepath.tp("leave", "web").orFail();
    }

    @Test
    @Order(8)
    void anIngestLendsEnvironmentAndFilesAndNoTraffic() throws Exception {
        Path json = telepath.directory().resolve("env.json");
        Path dotenv = telepath.directory().resolve("env.txt");
        Path mount = telepath.directory().resolve("mount");
        telepath.tp(
                        "ingest",
                        "web",
                        "--env-json",
                        json.toString(),
                        "--env-file",
                        dotenv.toString(),
                        "--mount",
                        mount.toString())
                .orFail();
        JsonNode env = JSON.readTree(json.toFile());
        assertThat(env.path("GREETING").asText()).isEqualTo("hello there");
        assertThat(env.has("SECRET")).as("only chosen variables are lent").isFalse();
        assertThat(Files.readString(dotenv)).contains("REGION=eu");
        try (var files = Files.walk(mount)) {
            Path conf = files.filter(f -> f.endsWith("web.conf")).findFirst().orElseThrow();
            assertThat(Files.readString(conf)).isEqualTo("colour=blue\n");
        }
        assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n");
        telepath.tp("leave", "web").orFail();
    }

    @Test
    @Order(9)
    void aCommandRunsWithTheWorkloadsEnvironmentAndItsExitCodeIsTps() {
        Result result = telepath.tp(
                "intercept",
                "web",
                "--port",
                laptop.port() + ":http",
                "--",
                "sh",
                "-c",
                "echo \"got $GREETING\"; exit 41");
        assertThat(result.out()).contains("got hello there");
        assertThat(result.exit()).isEqualTo(41);
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
    }

    @Test
    @Order(10)
    void theProxyReachesWhatTheWorkloadReaches() throws Exception {
        JsonNode status = json("status", "--output", "json");
        int port = findProxyPort(status);
        var proxy = new Proxy(Proxy.Type.SOCKS, new InetSocketAddress("127.0.0.1", port));
        try (Http http = new Http(proxy, InetSocketAddress.createUnresolved("localhost", workload.port()))) {
            assertThat(http.getAndClose("/")).isEqualTo("hello from workload\n");
        }
        var connect = new java.net.Socket("127.0.0.1", port);
        connect.getOutputStream()
                .write(("CONNECT localhost:" + workload.port() + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes());
        byte[] head = new byte[12];
        assertThat(connect.getInputStream().readNBytes(head, 0, 12)).isEqualTo(12);
        assertThat(new String(head)).isEqualTo("HTTP/1.1 200");
        connect.close();
    }

    private static int findProxyPort(JsonNode node) {
        for (JsonNode found : node.findValues("proxy")) {
            String text = found.isObject()
                    ? found.path("address").asText(found.path("port").asText())
                    : found.asText();
            if (text.matches(".*\\d+$")) {
                return Integer.parseInt(text.replaceAll("^.*?(\\d+)$", "$1"));
            }
        }
        throw new IllegalStateException("status names no proxy: " + node);
    }

    @Test
    @Order(11)
    void anInterceptedDatagramPortReachesTheLaptop() throws Exception {
        int port = agent.port("port-datagrams");
        try (var caller = new DatagramSocket();
                DatagramSocket local = answering("laptop")) {
            assertThat(ask(caller, port, "one")).isEqualTo("workload: one");
            telepath.tp(
                            "intercept",
                            "datagrams",
                            "--workload",
                            "web",
                            "--port",
                            local.getLocalPort() + ":datagrams/udp")
                    .orFail();
            try (var fresh = new DatagramSocket()) {
                await().untilAsserted(() -> assertThat(ask(fresh, port, "two")).isEqualTo("laptop: two"));
                assertThat(ask(fresh, port, "three")).isEqualTo("laptop: three");
            }
            telepath.tp("leave", "datagrams").orFail();
        }
    }

    private static String ask(DatagramSocket caller, int port, String text) throws Exception {
        byte[] bytes = text.getBytes();
        caller.setSoTimeout(3000);
        caller.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), port));
        var answer = new DatagramPacket(new byte[1000], 1000);
        caller.receive(answer);
        return new String(answer.getData(), 0, answer.getLength());
    }

    /** A datagram service that says who it is. Ends when its socket is closed, or with the test. */
    private static DatagramSocket answering(String name) throws Exception {
        var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var asked = new DatagramPacket(new byte[1000], 1000);
                    socket.receive(asked);
                    byte[] answer = (name + ": " + new String(asked.getData(), 0, asked.getLength())).getBytes();
                    socket.send(new DatagramPacket(answer, answer.length, asked.getSocketAddress()));
                }
            } catch (java.io.IOException closed) {
                // As intended.
            }
        });
        return socket;
    }

    @Test
    @Order(12)
    void versionAndLogsNameAllThreePrograms() throws Exception {
        assertThat(telepath.tp("version").orFail().out())
                .containsIgnoringCase("client")
                .containsIgnoringCase("manager");
        telepath.tp("loglevel", "debug", "--duration", "1m").orFail();
        Path zip = telepath.directory().resolve("logs.zip");
        telepath.tp("gather-logs", "--output-file", zip.toString()).orFail();
        try (var archive = new java.util.zip.ZipFile(zip.toFile())) {
            List<String> names = archive.stream().map(e -> e.getName()).toList();
            assertThat(String.join(" ", names))
                    .contains("manager")
                    .contains("agent")
                    .contains("daemon");
            for (var entry : archive.stream().toList()) {
                String text = new String(archive.getInputStream(entry).readAllBytes());
                assertThat(text)
                        .doesNotContain(Files.readString(telepath.tokenFile("client-token"))
                                .strip());
            }
        }
    }

    @Test
    @Order(13)
    void trafficDoesNotDependOnTheManager() throws Exception {
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        await().untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        telepath.manager().kill();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
        telepath.startManager();
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
        telepath.tp("leave", "web").orFail();
    }

    @Test
    @Order(14)
    void quitLeavesNothingBehind() throws Exception {
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        telepath.tp("quit", "-s").orFail();
        await().atMost(Duration.ofSeconds(15))
                .untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from workload\n"));
        try (var files = Files.walk(telepath.home("dev"))) {
            assertThat(files.filter(f -> f.toString().endsWith(".sock")).toList())
                    .isEmpty();
        }
        assertThat(telepath.tp("list").exit()).isEqualTo(3);
    }

    private static JsonNode json(String... arguments) throws Exception {
        return JSON.readTree(telepath.tp(arguments).orFail().out());
    }
}
