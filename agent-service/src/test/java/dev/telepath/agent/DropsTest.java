package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.telepath.agent.attach.Attachment;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** What is left of an agent's session when its connection goes, with managers of the old protocol. */
@NullUnmarked
class DropsTest {
    private static void attached(AgentRig rig) {
        await().until(() -> rig.agent.connection() == Attachment.State.ATTACHED);
    }

    private static void engaged(AgentRig rig) {
        rig.manager.put(FakeManager.waiting("i", rig.local.port(), false));
        await().untilAsserted(() -> assertThat(rig.ask("x")).startsWith("local"));
    }

    @Test
    void aWatchThatEndsLosesNoEngagementAndKeepsTheSession() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            attached(rig);
            engaged(rig);
            Set<Long> seen = new HashSet<>();

            rig.manager.endWatches();
            await().pollInterval(2, TimeUnit.MILLISECONDS).until(() -> {
                seen.add(rig.agent.engagedPorts());
                return rig.manager.reconnects.size() == 1 && rig.agent.connection() == Attachment.State.ATTACHED;
            });

            assertThat(seen).containsExactly(1L);
            assertThat(rig.manager.arrivals).hasSize(1);
            assertThat(rig.manager.reconnects.getFirst().getSession().getSessionId())
                    .isEqualTo("agent:1");
            assertThat(rig.counter("telepath.reconnects", "cause", "peer-closed"))
                    .isEqualTo(1);
            await().untilAsserted(() -> assertThat(rig.ask("x")).startsWith("local"));
        }
    }

    @Test
    void aManagerWithoutReconnectIsArrivedAtAgainAndTheEngagementIsReviewedAnew() throws Exception {
        try (var rig = new AgentRig(Set.of("ReconnectAgent"))) {
            attached(rig);
            engaged(rig);
            int reviews = rig.manager.reviews.size();
            rig.manager.stop();
            rig.manager.intercepts.clear();
            rig.manager.restart();
            await().until(() -> rig.manager.arrivals.size() == 2);
            engaged(rig);
            assertThat(rig.manager.reviews.size()).isGreaterThan(reviews);
        }
    }

    @Test
    void noSecondConnectionIsLeftOpen() throws IOException {
        try (var rig = new AgentRig(Set.of())) {
            for (int drops = 1; drops <= 5; drops++) {
                attached(rig);
                int before = rig.manager.everConnected.get();
                // Attached is told a moment before the watches are there.
                await().until(() -> {
                    rig.manager.endWatches();
                    return rig.manager.everConnected.get() > before;
                });
            }
            attached(rig);
            await().during(Duration.ofMillis(300)).until(() -> rig.manager.connections.get() == 1);
        }
    }

    @Test
    void aHungHandlerUnderALiveConnectionIsFoundAndTheConnectionMadeAnew() throws IOException {
        try (var rig = new AgentRig(Set.of(), Map.of("heartbeat-interval", "100ms", "heartbeat-limit", "2s"))) {
            attached(rig);
            engaged(rig);
            rig.manager.answersPulses = false;
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rig.counter("telepath.reconnects", "cause", "silence") >= 1);
            assertThat(rig.agent.engagedPorts()).isEqualTo(1);
            rig.manager.answersPulses = true;

            await().atMost(Duration.ofSeconds(20))
                    .during(Duration.ofMillis(500))
                    .until(() ->
                            rig.agent.connection() == Attachment.State.ATTACHED && rig.manager.connections.get() == 1);
            assertThat(rig.metrics.get("telepath.resume").timer().count()).isPositive();
            await().untilAsserted(() -> assertThat(rig.ask("x")).startsWith("local"));
        }
    }
}
