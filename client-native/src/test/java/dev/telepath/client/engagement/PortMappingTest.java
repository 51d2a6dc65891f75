package dev.telepath.client.engagement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortMappingTest {
    @ParameterizedTest
    @CsvSource({
        "8080, 8080, '', TCP, ''",
        "8080:http, 8080, http, TCP, http",
        "8080:80, 8080, 80, TCP, 80",
        "8080:80/tcp, 8080, 80, TCP, 80",
        "5353:dns/udp, 5353, dns, UDP, dns/UDP",
        "5353/UDP, 5353, '', UDP, ''",
        "1:a-b9, 1, a-b9, TCP, a-b9"
    })
    void everyFormIsRead(String text, int local, String identifier, String protocol, String wire) {
        PortMapping mapping = PortMapping.parse(text);

        assertThat(mapping).isEqualTo(new PortMapping(local, identifier, protocol));
        assertThat(mapping.wireIdentifier()).isEqualTo(wire);
        assertThat(PortMapping.parse(mapping.toString())).isEqualTo(mapping);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "http",
                "0",
                "65536",
                "99999999",
                "8080:",
                "8080:-x",
                "8080:80/sctp",
                "8080:0",
                "8080:70000",
                "80:80:80",
                "-1",
                " 8080"
            })
    void everythingElseIsRefusedWithTheForms(String text) {
        assertThatThrownBy(() -> PortMapping.parse(text)).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.kind()).isEqualTo(Kind.USAGE);
            assertThat(failure.message()).startsWith("--port " + text);
        });
    }

    @Property
    boolean numbersComeBackAsTheyWere(
            @ForAll @IntRange(min = 1, max = 65535) int local, @ForAll @IntRange(min = 1, max = 65535) int remote) {
        String text = local + ":" + remote;
        return PortMapping.parse(text).toString().equals(text);
    }

    @Property
    boolean noTextDoesAnythingButParseOrFailAsUsage(@ForAll String text) {
        try {
            return PortMapping.parse(text).local() > 0;
        } catch (Failure failure) {
            return failure.kind() == Kind.USAGE;
        }
    }
}
