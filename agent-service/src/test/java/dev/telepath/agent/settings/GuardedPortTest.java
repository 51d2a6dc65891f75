package dev.telepath.agent.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.tunnel.frame.Protocol;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuardedPortTest {
    @Test
    void protocolAndNameAreOptional() {
        assertThat(GuardedPort.parse("8080=127.0.0.1:9090"))
                .isEqualTo(new GuardedPort(8080, "127.0.0.1", 9090, Protocol.TCP, ""));
        assertThat(GuardedPort.parse("0=[::1]:53/UDP:dns"))
                .isEqualTo(new GuardedPort(0, "::1", 53, Protocol.UDP, "dns"));
        assertThat(GuardedPort.parse("8080=backend:9090:http").name()).isEqualTo("http");
    }

    @Test
    void keyIsTheNameElseTheConfiguredPort() {
        assertThat(GuardedPort.parse("8080=a:1:http").key()).isEqualTo("http");
        assertThat(GuardedPort.parse("8080=a:1").key()).isEqualTo("8080");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "8080",
                "8080=",
                "8080=9090",
                "x=a:1",
                "65536=a:1",
                "1=a:0",
                "1=a:65536",
                "1=a:1/sctp",
                "1=a:1:80",
                "1=a:1:Http",
                "1=:1",
                "-1=a:1",
                "1=a b:1",
                "1=a:1:",
                "999999999999=a:1"
            })
    void wrongTextsAreRefusedWithTheTextInTheMessage(String text) {
        assertThatThrownBy(() -> GuardedPort.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }

    @Property(tries = 300)
    void whatIsWrittenIsReadBack(@ForAll("ports") GuardedPort port) {
        assertThat(GuardedPort.parse(port.toString())).isEqualTo(port);
    }

    @Property(tries = 500)
    void anyTextIsAPortOrRefused(@ForAll String text) {
        try {
            GuardedPort.parse(text);
        } catch (IllegalArgumentException expected) {
            assertThat(expected.getMessage()).isNotBlank();
        }
    }

    @Provide
    static Arbitrary<GuardedPort> ports() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 65535),
                        Arbitraries.of("127.0.0.1", "::1", "backend", "a.b-c.example"),
                        Arbitraries.integers().between(1, 65535),
                        Arbitraries.of(Protocol.class),
                        Arbitraries.of("", "http", "a", "web-1", "1a"))
                .as(GuardedPort::new);
    }

    @Test
    void aPortMayListenElsewhereThanOthersCallIt() {
        GuardedPort port = GuardedPort.parse("8080@9900=127.0.0.1:8080/tcp:http");
        assertThat(port).isEqualTo(new GuardedPort(8080, 9900, "127.0.0.1", 8080, Protocol.TCP, "http"));
        assertThat(GuardedPort.parse(port.toString())).isEqualTo(port);
        assertThat(port.listeningOn(9901).port()).isEqualTo(8080);
    }
}
