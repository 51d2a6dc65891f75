package dev.telepath.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.telepath.harness.ChecksummedServer;
import dev.telepath.harness.Installation;
import dev.telepath.harness.Result;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code tp doctor} beside real programs: what it says when all is well, and when one thing is not. */
@Timeout(120)
class DoctorIT {
    private Installation telepath;

    @BeforeEach
    void install() {
        telepath = Installation.temporary().init();
        telepath.startManager();
    }

    @AfterEach
    void end() {
        telepath.close();
    }

    private Map<String, String> examine(int expected) throws Exception {
        Result result = telepath.tp(
                "doctor", "--token-file", telepath.tokenFile("client-token").toString(), "--output", "json");
        assertThat(result.exit()).as(result.out() + result.err()).isEqualTo(expected);
        var outcomes = new TreeMap<String, String>();
        JsonNode checks = new ObjectMapper().readTree(result.out()).path("checks");
        checks.forEach(each ->
                outcomes.put(each.path("id").asText(), each.path("outcome").asText()));
        return outcomes;
    }

    @Test
    void nothingFailsWhereAllIsWellAndALocalProcessThatIsNotThereIsNamed() throws Exception {
        try (var workload = ChecksummedServer.start();
                var laptop = ChecksummedServer.start()) {
            telepath.direct().startAgent("web", workload.port());
            telepath.connect().orFail();
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(
                            () -> assertThat(telepath.tp("list").orFail().out()).contains("web"));
            telepath.tp("intercept", "web", "--port", laptop.port() + ":http").orFail();
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() ->
                            assertThat(telepath.tp("status").orFail().out()).contains("1 of 1 agents"));
            Map<String, String> outcomes = examine(0);
            // The way through a cluster is not taken here.
            assertThat(outcomes)
                    .extractingByKeys("TP-211", "TP-212", "TP-213", "TP-214", "TP-215")
                    .containsOnly("skipped");
            // Nor has this machine a device, whose names could come by one way or another.
            assertThat(outcomes).containsEntry("TP-306", "skipped");
            outcomes.keySet().removeIf(id -> id.startsWith("TP-21") || id.equals("TP-306"));
            assertThat(outcomes.values()).containsOnly("passed");
        }

        Map<String, String> without = examine(1);
        assertThat(without).containsEntry("TP-403", "failed");
        assertThat(without.values()).filteredOn("failed"::equals).hasSize(1);
    }

    @Test
    void aManagerThatIsAwayIsFoundAndWhatFollowsFromThatIsNotCounted() throws Exception {
        telepath.connect().orFail();
        telepath.manager().kill();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(telepath.tp("status").out()).doesNotContain("Connection: attached"));

        assertThat(examine(1))
                .containsEntry("TP-202", "passed")
                .containsEntry("TP-203", "failed")
                .containsEntry("TP-204", "skipped")
                .containsEntry("TP-301", "failed")
                .containsEntry("TP-304", "skipped");
    }

    @Test
    void withoutADaemonTheWayToTheManagerIsTriedAllTheSame() throws Exception {
        String token = telepath.tokenFile("client-token").toString();
        Result sound = telepath.tp("doctor", "--manager", telepath.managerAddress(), "--token-file", token);
        assertThat(sound.exit()).isEqualTo(1);
        assertThat(sound.out()).contains("TP-102 FAIL").contains("TP-204 ok");

        telepath.manager().stop();
        Result wrong = telepath.tp("doctor", "--manager", telepath.managerAddress(), "--token-file", token);
        assertThat(wrong.out()).contains("TP-203 FAIL");
    }

    @Test
    void aDamagedTokenIsNamedWithWhatHelps() {
        String damaged =
                telepath.write(telepath.directory().resolve("damaged"), "tp1.x").toString();
        Result result = telepath.tp("doctor", "--manager", telepath.managerAddress(), "--token-file", damaged);

        assertThat(result.out()).contains("TP-204 FAIL").contains("next: ");
    }
}
