package dev.telepath.client.macos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import dev.telepath.client.platform.SystemTool.Outcome;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines as ifconfig(8) and route(8) of macOS describe them, and answers as route prints them. */
class MacCommandsTest {
    private static final IpNetwork SERVICES = IpNetwork.parse("10.96.0.0/12").orElseThrow();
    private static final List<String> ADD = MacCommands.add("utun5", SERVICES);

    @Test
    void addressesAreGivenToTheDevice() {
        assertThat(MacCommands.address4(
                        "utun5", new InterfaceAddress(InetAddress.ofLiteral("246.247.0.1"), 16), 16_384))
                .containsExactly(
                        "/sbin/ifconfig utun5 inet 246.247.0.1 246.247.0.1 netmask 255.255.255.255 mtu 16384 up"
                                .split(" "));
        assertThat(MacCommands.address6("utun5", new InterfaceAddress(InetAddress.ofLiteral("fd74::1"), 64)))
                .containsExactly("/sbin/ifconfig utun5 inet6 fd74:0:0:0:0:0:0:1 prefixlen 64 alias".split(" "));
    }

    @Test
    void networksAreLedToTheDeviceAndAwayAgain() {
        assertThat(ADD).containsExactly("/sbin/route -n add -inet -net 10.96.0.0/12 -interface utun5".split(" "));
        assertThat(MacCommands.delete("utun5", IpNetwork.parse("fd00:10::/64").orElseThrow()))
                .containsExactly(
                        "/sbin/route -n delete -inet6 -net fd00:10:0:0:0:0:0:0/64 -interface utun5".split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"en0", "utun", "utun5 up", "utun5;", "-a", "", "utun12345"})
    void noOtherDeviceIsTouched(String device) {
        assertThatThrownBy(() -> MacCommands.add(device, SERVICES)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "add net 10.96.0.0: gateway utun5\n",
                "add net 10.96.0.0/12: gateway utun5\n",
                "add host 10.96.0.1: gateway utun5\n",
                "add net fd00:10::: gateway utun5\n",
                "delete net 10.96.0.0: gateway utun5\n"
            })
    void whatRouteSaysOfAChangeIsNoFailure(String said) {
        assertThat(MacCommands.failure(ADD, new Outcome(0, said))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "route: writing to routing socket: File exists\nadd net 10.96.0.0: gateway utun5: File exists\n",
                "add net 10.96.0.0: gateway utun5: File exists\n",
                "delete net 10.96.0.0: not in table\n",
                "route: bad address: x\n",
                ""
            })
    void aRefusalIsSeenThoughRouteEndsWell(String said) {
        assertThat(MacCommands.failure(ADD, new Outcome(0, said))).isPresent();
    }

    @Test
    void aRefusalIsToldInOneLine() {
        assertThat(MacCommands.failure(ADD, new Outcome(77, "route: must be root\nto alter routing table\n")))
                .hasValue("route: must be root; to alter routing table");
        assertThat(MacCommands.failure(List.of("/sbin/ifconfig"), new Outcome(1, "")))
                .hasValue("/sbin/ifconfig ended with 1");
        assertThat(MacCommands.failure(List.of("/sbin/ifconfig"), new Outcome(0, "")))
                .isEmpty();
    }
}
