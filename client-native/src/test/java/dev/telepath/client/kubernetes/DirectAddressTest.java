package dev.telepath.client.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.config.Setting;
import dev.telepath.client.config.Settings;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectAddressTest {
    private static final Cluster.ReadyPod POD = new Cluster.ReadyPod("telepath-manager-0", 8443, "10.42.0.7");

    private Instant now = Instant.EPOCH;

    private DirectAddress of(String transport) {
        Settings settings =
                Settings.resolve(Map.of(Setting.KUBERNETES_TRANSPORT, transport), Map.of(), Optional.empty());
        return new DirectAddress(settings, () -> now);
    }

    @ParameterizedTest
    @CsvSource({
        "auto, 10.42.0.7:8443",
        "port-forward, ''",
        "lb.example.org, lb.example.org:8443",
        "lb.example.org:443, lb.example.org:443",
        "[fd00::1]:443, fd00::1:443"
    })
    void aSettingSaysWhereTheManagerMayAnswerItself(String transport, String expected) {
        assertThat(of(transport)
                        .of(POD)
                        .map(found -> found.getHostString() + ":" + found.getPort())
                        .orElse(""))
                .isEqualTo(expected);
        assertThat(of(transport).isWanted()).isEqualTo(!expected.isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"''", "pod", "10.42.0", "10.42.0.7/32"})
    void aPodWithoutAnAddressIsNeverLookedUp(String address) {
        assertThat(of("auto").of(new Cluster.ReadyPod("telepath-manager-0", 8443, address)))
                .isEmpty();
    }

    @Test
    void aPodHasTwiceTheTimeOfAnAnswerOfTheApiServerAndNoMoreThanTheSetting() {
        assertThat(of("auto").patience(Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(20));
        assertThat(of("auto").patience(Duration.ofMillis(30))).isEqualTo(Duration.ofMillis(60));
        assertThat(of("auto").patience(Duration.ofSeconds(3))).isEqualTo(Duration.ofMillis(100));
        assertThat(of("lb:443").patience(Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void anAddressThatDidNotLastIsPassedOverOnce() {
        DirectAddress direct = of("auto");
        InetSocketAddress pod = direct.of(POD).orElseThrow();
        assertThat(direct.isSpent(pod)).isFalse();
        direct.use(Optional.of(pod));
        now = now.plus(DirectAddress.WORTH).minusMillis(1);
        assertThat(direct.isSpent(pod)).isTrue();
        assertThat(direct.isSpent(InetSocketAddress.createUnresolved("10.42.0.8", 8443)))
                .as("another pod")
                .isFalse();
        direct.use(Optional.empty());
        assertThat(direct.isSpent(pod)).as("the next time").isFalse();
    }

    @Test
    void anAddressThatLastedIsTakenAgain() {
        DirectAddress direct = of("auto");
        InetSocketAddress pod = direct.of(POD).orElseThrow();
        direct.use(Optional.of(pod));
        now = now.plus(DirectAddress.WORTH);
        assertThat(direct.isSpent(pod)).isFalse();
    }
}
