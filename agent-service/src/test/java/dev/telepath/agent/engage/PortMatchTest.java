package dev.telepath.agent.engage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.tunnel.frame.Protocol;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortMatchTest {
    @ParameterizedTest
    @CsvSource({
        "http, '', http",
        "8080, '', http",
        "8080/TCP, '', http",
        "8080/tcp, '', http",
        "8080/UDP, '', none",
        "9000, '', dns",
        "9000, UDP, dns",
        "9000, TCP, none",
        "dns/UDP, '', dns",
        "other, '', none",
        "80800, '', none",
        "'', '', none"
    })
    void identifierIsANameOrNumberWithOptionalProtocol(String identifier, String protocol, String expected) {
        var spec = InterceptSpec.newBuilder()
                .setPortIdentifier(identifier)
                .setProtocol(protocol)
                .build();
        assertThat(PortMatch.find(spec, Specs.WEB.ports())
                        .map(GuardedPort::name)
                        .orElse("none"))
                .isEqualTo(expected);
    }

    @Test
    void containerOrServicePortCountsWithoutIdentifier() {
        var container = InterceptSpec.newBuilder().setContainerPort(9000).setProtocol("UDP");
        var service = InterceptSpec.newBuilder().setServicePort(8080).setProtocol("TCP");
        assertThat(PortMatch.find(container.build(), Specs.WEB.ports()))
                .map(GuardedPort::name)
                .contains("dns");
        assertThat(PortMatch.find(service.build(), Specs.WEB.ports()))
                .map(GuardedPort::name)
                .contains("http");
    }

    @Test
    void theOnlyPortNeedsNoName() {
        var only = GuardedPort.parse("8080=a:1");
        assertThat(PortMatch.find(InterceptSpec.getDefaultInstance(), List.of(only)))
                .contains(only);
    }

    @Property(tries = 200)
    void anyPortIsFoundByItsNumberAmongMany(
            @ForAll @IntRange(min = 1, max = 40) int count, @ForAll @IntRange(min = 0, max = 39) int pick) {
        List<GuardedPort> ports = IntStream.range(0, count)
                .mapToObj(i -> new GuardedPort(1000 + i, "a", 1, Protocol.TCP, "p" + i + "x"))
                .toList();
        int wanted = 1000 + pick;
        var spec = InterceptSpec.newBuilder()
                .setPortIdentifier(Integer.toString(wanted))
                .build();
        assertThat(PortMatch.find(spec, ports).map(GuardedPort::port))
                .isEqualTo(pick < count ? java.util.Optional.of(wanted) : java.util.Optional.empty());
    }
}
