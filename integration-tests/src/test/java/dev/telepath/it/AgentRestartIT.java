package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Ports;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An agent outside of Kubernetes that is started again at its port is the same to everybody, whatever became of the first. */
@Timeout(120)
class AgentRestartIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final Pattern SESSION = Pattern.compile("attached .* session=(\\S+)");

    private final Vertx vertx = Vertx.vertx();
    private Installation telepath;
    private SampleService workload;
    private SampleService laptop;
    private int port;
    private Running agent;

    @BeforeEach
    void install() throws Exception {
        telepath = Installation.temporary().init();
        telepath.startManager();
        workload = SampleService.start(vertx, "workload", 0);
        laptop = SampleService.start(vertx, "laptop", 0);
        port = Ports.lasting();
        agent = start();
        telepath.connect().orFail();
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        diverted();
    }

    @AfterEach
    void end() {
        telepath.close();
        workload.close();
        laptop.close();
        vertx.close();
    }

    private Running start() {
        List<String> command = new ArrayList<>(Program.AGENT.command("128m"));
        command.addAll(List.of("--manager", telepath.managerAddress(), "--name", "web"));
        command.addAll(List.of("--token-file", telepath.tokenFile("agent-token").toString()));
        command.addAll(List.of("--port", port + "=127.0.0.1:" + workload.port() + ":http"));
        Running started = telepath.start("agent-web", command, Map.of());
        started.port("port-http");
        return started;
    }

    private void diverted() {
        await().atMost(WAIT)
                .untilAsserted(() -> assertThat(Http.once(port, "/")).isEqualTo("hello from laptop\n"));
    }

    /** An open stream that has carried something and is idle now. */
    private Socket opened() throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: web\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
        return socket;
    }

    private JsonNode streams() throws IOException {
        return JSON.readTree(telepath.tp("status", "--output", "json").orFail().out())
                .path("streams");
    }

    private static String session(Running agent) {
        return await().atMost(WAIT)
                .until(() -> SESSION.matcher(agent.log()).results().toList(), found -> !found.isEmpty())
                .getLast()
                .group(1);
    }

    @Test
    void theStreamsOfAKilledAgentEndAtTheClientAsSoonAsItIsBackAndItsInterceptHolds() throws Exception {
        String before = session(agent);
        try (Socket caller = opened()) {
            assertThat(streams().path("resumable").asInt()).isPositive();
            agent.kill();
            agent = start();

            assertThat(session(agent)).isEqualTo(before);
            diverted();
            await().atMost(WAIT)
                    .untilAsserted(() ->
                            assertThat(streams().path("suspended").asInt()).isZero());
        }
    }

    @Test
    void anAgentThatWasStoppedAndIsStartedAgainIsInterceptedAsBefore() throws Exception {
        String before = session(agent);
        agent.stop();
        agent = start();

        assertThat(session(agent)).isEqualTo(before);
        diverted();
        try (Socket caller = opened()) {
            assertThat(streams().path("resumable").asInt()).isPositive();
        }
    }
}
