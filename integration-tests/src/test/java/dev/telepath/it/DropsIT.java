package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.Http;
import dev.telepath.harness.Installation;
import dev.telepath.harness.PartialPeer;
import dev.telepath.harness.Program;
import dev.telepath.harness.Running;
import dev.telepath.harness.SampleService;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real programs whose manager of the old protocol ends watches or connections in good order. */
@Timeout(180)
class DropsIT {
    private static final Duration WAIT = Duration.ofSeconds(30);

    private final ObjectMapper json = new ObjectMapper();
    private final Vertx vertx = Vertx.vertx();
    private final Installation telepath = Installation.temporary();
    private SampleService workload;
    private SampleService laptop;
    private PartialPeer older;
    private int web;

    @BeforeEach
    void intercept() throws Exception {
        telepath.init();
        int legacy = telepath.startManager("--legacy-port", "0").port("legacy-port");
        workload = SampleService.start(vertx, "workload", 0);
        laptop = SampleService.start(vertx, "laptop", 0);
        older = PartialPeer.without(
                legacy, "WatchInterceptsDelta", "WatchAgentsDelta", "Exchange", "Offer", "Describe");
        List<String> command = new ArrayList<>(Program.AGENT.command("128m"));
        command.addAll(List.of("--manager", "http://127.0.0.1:" + older.port(), "--name", "web"));
        command.addAll(List.of("--port", "0=127.0.0.1:" + workload.port() + ":http"));
        Running agent = telepath.start("agent-web", command, Map.of());
        web = agent.port("port-http");
        telepath.tp("connect", "--manager", "http://127.0.0.1:" + older.port()).orFail();
        await().atMost(WAIT)
                .untilAsserted(
                        () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
        telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
        diverted();
    }

    @AfterEach
    void end() {
        telepath.tp("quit", "-s");
        older.close();
        telepath.close();
        workload.close();
        laptop.close();
        vertx.close();
    }

    private void diverted() {
        await().atMost(WAIT).untilAsserted(() -> assertThat(Http.once(web, "/")).isEqualTo("hello from laptop\n"));
    }

    private JsonNode status() throws Exception {
        return json.readTree(telepath.tp("status", "--output", "json").orFail().out());
    }

    @Test
    void anEndOfEveryWatchOfEngagementsKeepsSessionsAndIntercept() throws Exception {
        String session = status().path("connection").path("session_id").asText();

        older.endCalls("WatchIntercepts");

        await().atMost(WAIT)
                .until(() -> status().path("history")
                                .findValuesAsText("cause_kind")
                                .contains("peer-closed")
                        && status().path("connection").path("state").asText().equals("attached"));
        diverted();
        assertThat(status().path("connection").path("session_id").asText()).isEqualTo(session);
        assertThat(older.calls("ArriveAsClient")).isEqualTo(1);
        assertThat(older.calls("ArriveAsAgent")).isEqualTo(1);
        assertThat(older.calls("CreateIntercept")).isEqualTo(1);
        assertThat(older.calls("Version")).as("tries to attach").isLessThan(10);
    }

    @Test
    void reconnectMakesTheConnectionAnewAndTheHistoryTellsWhy() throws Exception {
        assertThat(telepath.tp("reconnect").orFail().out()).contains("Attached to http://127.0.0.1:" + older.port());

        assertThat(telepath.tp("status", "--history").orFail().out()).contains("asked, asked for a new connection");
        diverted();
        assertThat(older.calls("ArriveAsClient")).isEqualTo(1);
    }
}
