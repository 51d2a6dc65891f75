package dev.telepath.agent.attach;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.agent.settings.GuardedPort;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PlaceIdTest {
    private static final List<String> MACHINE = List.of("0123abcd", "net:[4026531840]", "02420a000001");
    private static final List<GuardedPort> PORTS = List.of(GuardedPort.parse("8080=127.0.0.1:9090:http"));

    @Test
    void oneThatIsStartedAgainAtItsPortsHasTheSame() {
        assertThat(PlaceId.here("default/web", "0.0.0.0", PORTS))
                .isPresent()
                .isEqualTo(PlaceId.here("default/web", "0.0.0.0", PORTS))
                .hasValueSatisfying(text -> assertThat(UUID.fromString(text)).hasToString(text));
    }

    @Test
    void anythingThatTellsTwoAgentsApartMakesAnother() {
        var other = List.of(GuardedPort.parse("8081=127.0.0.1:9090:http"));
        assertThat(List.of(
                        PlaceId.of(MACHINE, "default/web", "0.0.0.0", PORTS),
                        PlaceId.of(MACHINE, "default/web", "0.0.0.0", other),
                        PlaceId.of(MACHINE, "default/web", "127.0.0.1", PORTS),
                        PlaceId.of(MACHINE, "test/web", "0.0.0.0", PORTS),
                        PlaceId.of(MACHINE.subList(0, 2), "default/web", "0.0.0.0", PORTS)))
                .doesNotHaveDuplicates();
    }

    @Test
    void oneWithoutPortsHasNone() {
        assertThat(PlaceId.here("default/web", "0.0.0.0", List.of())).isEmpty();
    }
}
