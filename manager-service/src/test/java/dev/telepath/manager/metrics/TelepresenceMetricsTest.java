package dev.telepath.manager.metrics;

import static dev.telepath.manager.session.Arrived.AGENT;
import static dev.telepath.manager.session.Arrived.BOB;
import static dev.telepath.manager.session.Arrived.EVE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.manager.engagement.Engagements;
import dev.telepath.manager.session.Arrived;
import dev.telepath.manager.session.ClientSession;
import dev.telepath.manager.session.Sessions;
import dev.telepath.manager.session.Settings;
import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.manager.settings.ManagerSettings.ClientLabel;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TelepresenceMetricsTest {
    private record Limits(int maxPerSession) implements ManagerSettings.EngagementSettings {
        @Override
        public Duration inactiveBlock() {
            return Duration.ofMinutes(10);
        }
    }

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Sessions sessions = new Sessions(new Settings(100), () -> Instant.EPOCH);
    private final Engagements engagements = new Engagements(sessions, new Limits(5), () -> Instant.EPOCH);
    private final TelepresenceMetrics metrics = new TelepresenceMetrics(meters);

    private void register(ClientLabel label) {
        metrics.register(sessions, engagements, () -> 7, () -> label);
    }

    private Map<List<String>, Double> values(String name) {
        return meters.find(name).meters().stream()
                .collect(Collectors.toMap(
                        meter -> meter.getId().getTags().stream()
                                .map(tag -> tag.getKey() + "=" + tag.getValue())
                                .toList(),
                        TelepresenceMetricsTest::value));
    }

    private static double value(Meter meter) {
        return meter.measure().iterator().next().getValue();
    }

    private double only(String name) {
        return values(name).getOrDefault(List.<String>of(), Double.NaN);
    }

    private void intercept(ClientSession client, String name) {
        var agent = sessions.arrive(AGENT, Arrived.agent("web"));
        var engagement = engagements.create(
                client,
                InterceptSpec.newBuilder()
                        .setName(name)
                        .setAgent("web")
                        .setNamespace("default")
                        .build());
        engagements.review(
                agent,
                ReviewInterceptRequest.newBuilder()
                        .setId(engagement.id())
                        .setDisposition(InterceptDispositionType.ACTIVE)
                        .build());
    }

    @Test
    void sessionsInterceptsAndTrafficAreCountedWithoutNamingAnybody() {
        register(ClientLabel.NONE);
        var bob = sessions.arrive(BOB, Arrived.client("bob@laptop"));
        var eve = sessions.arrive(EVE, Arrived.client("eve@laptop"));
        intercept(bob, "web");
        metrics.report(10, 20);
        metrics.report(1, -5);
        sessions.depart(EVE, eve.id());

        assertThat(only("telepresence.client.count")).isEqualTo(1);
        assertThat(only("telepresence.agent.count")).isEqualTo(1);
        assertThat(only("telepresence.session.count")).isEqualTo(2);
        assertThat(only("telepresence.active.intercept.count")).isEqualTo(1);
        assertThat(only("telepresence.tunnel.count")).isEqualTo(7);
        assertThat(only("telepresence.tunnel.ingress.bytes")).isEqualTo(11);
        assertThat(only("telepresence.tunnel.egress.bytes")).isEqualTo(20);
        assertThat(only("telepresence.connect.count")).isEqualTo(2);
        assertThat(values("telepresence.intercept.count"))
                .containsOnly(Map.entry(List.of("intercept_type=global"), 1.0));
        assertThat(values("telepresence.connect.active.status")).isEmpty();
    }

    @Test
    void aClientThatComesAgainIsCountedAgainAndItsStatusGoesWithIt() {
        register(ClientLabel.NAMED);
        var first = sessions.arrive(BOB, Arrived.client("bob@laptop"));
        assertThat(values("telepresence.connect.active.status").keySet())
                .anySatisfy(tags -> assertThat(tags).contains("client=bob@laptop"));
        sessions.depart(BOB, first.id());
        assertThat(values("telepresence.connect.active.status")).isEmpty();
        var again = sessions.arrive(BOB, Arrived.client("bob@laptop"));
        intercept(again, "web");

        assertThat(values("telepresence.connect.count").values()).containsExactly(2.0);
        assertThat(values("telepresence.intercept.active.status").keySet())
                .singleElement()
                .satisfies(tags -> assertThat(tags).contains("client=bob@laptop", "workload=web"));
    }

    @ParameterizedTest
    @EnumSource(
            value = ClientLabel.class,
            names = {"NONE", "HASHED"})
    void noNameOfAPersonIsInAnyLabelUnlessItIsAskedFor(ClientLabel label) {
        register(label);
        intercept(sessions.arrive(BOB, Arrived.client("bob@laptop")), "web");

        assertThat(meters.getMeters())
                .allSatisfy(
                        meter -> assertThat(meter.getId().getTags().toString()).doesNotContain("bob"));
    }
}
