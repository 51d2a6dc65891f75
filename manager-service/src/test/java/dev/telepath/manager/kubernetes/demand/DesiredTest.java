package dev.telepath.manager.kubernetes.demand;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.manager.session.WorkloadKey;
import dev.telepath.manager.workload.Replacement;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DesiredTest {
    private static final WorkloadKey WEB = new WorkloadKey("shop", "web");
    private static final Desired REPLACED = Desired.replacing(
            "Deployment", new Replacement("app", "http"), new Desired.Before(true, "2026-01-01T00:00:00Z"));

    private static Desired kept(Desired desired) {
        return Desired.read(new JsonObject(desired.json(WEB).encode()));
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        assertThat(kept(Desired.agent("StatefulSet"))).isEqualTo(Desired.agent("StatefulSet"));
        assertThat(kept(REPLACED)).isEqualTo(REPLACED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aContainerThatComesBackIsKnownUntilItIsThere(boolean staying) {
        Desired ending = REPLACED.ending(staying);
        assertThat(kept(ending)).isEqualTo(ending);
        assertThat(ending.agent()).isEqualTo(staying);
        assertThat(ending.replaced().orElseThrow().over()).isTrue();
        assertThat(ending.replaced().orElseThrow().before())
                .isEqualTo(REPLACED.replaced().orElseThrow().before());
    }

    @Test
    void anEntryOfAnEarlierManagerIsAnAgentBesideTheWorkload() {
        assertThat(Desired.read(new JsonObject()
                        .put("namespace", "shop")
                        .put("name", "web")
                        .put("kind", "Deployment")))
                .isEqualTo(Desired.agent("Deployment"));
    }
}
