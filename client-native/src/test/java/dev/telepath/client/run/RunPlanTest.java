package dev.telepath.client.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.control.Wire;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.gateway.DeviceAddresses;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.tun.TunNetwork;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunPlanTest {
    private static IpNetwork network(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    @Test
    void aPlanIsReadAsItWasWritten() {
        var plan = new RunPlan(
                Path.of("/run/user/1/telepath/gateway.sock"),
                new DeviceAddresses(network("246.247.0.0/16"), network("fd74::/64")),
                65_000,
                new TunNetwork.Limits(10, 20, Duration.ofSeconds(30)),
                List.of(network("10.96.0.0/12")),
                List.of("default.svc.cluster.local", "lan"));
        assertThat(RunPlan.of(plan.json())).isEqualTo(plan);
    }

    @Test
    void whatIsNoPlanIsRefused() {
        assertThatThrownBy(() -> RunPlan.of(Wire.JSON.createObjectNode())).isInstanceOf(Failure.class);
    }

    @ParameterizedTest
    @CsvSource({"8080,8080,8080", "9090:8080,9090,8080", "1:65535,1,65535"})
    void aPublishedPortIsOneOfBothSidesOrTwo(String text, int outside, int inside) {
        assertThat(PublishedPort.parse(text)).isEqualTo(new PublishedPort(outside, inside));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "65536", "a", "1:2:3", "-1", "8080:", ":8080", "1:0"})
    void whatNamesNoPortIsRefusedWithTheForm(String text) {
        assertThatThrownBy(() -> PublishedPort.parse(text))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("no port");
    }
}
