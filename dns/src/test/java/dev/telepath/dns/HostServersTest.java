package dev.telepath.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostServersTest {
    @TempDir
    Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void serversAndSearchDomainsAreRead() {
        HostServers read = HostServers.parse("""
                # comment
                nameserver 192.0.2.1
                nameserver\t2001:db8::1 # the other
                nameserver 192.0.2.1
                nameserver nonsense
                domain old.example
                search corp.example lab.example
                options ndots:2 timeout:1
                """);

        assertThat(read.servers())
                .extracting(one -> one.getAddress().getHostAddress() + " " + one.getPort())
                .containsExactly("192.0.2.1 53", "2001:db8:0:0:0:0:0:1 53");
        assertThat(read.search()).containsExactly("corp.example", "lab.example");
        assertThat(read.ndots()).isEqualTo(2);
    }

    @Test
    void dotsAreOneUnlessSaidAndNeverMoreThanFifteen() {
        assertThat(HostServers.parse("nameserver 192.0.2.1\n").ndots()).isEqualTo(1);
        assertThat(HostServers.parse("options ndots:0\n").ndots()).isZero();
        assertThat(HostServers.parse("options timeout:2 ndots:99\n").ndots()).isEqualTo(HostServers.MOST_NDOTS);
        assertThat(HostServers.parse("options ndots:5\noptions ndots:x\n").ndots())
                .isEqualTo(5);
    }

    @Test
    void theSearchListEnds() {
        assertThat(HostServers.parse("search" + " a.example".repeat(100)).search())
                .hasSize(HostServers.MOST_SEARCH);
    }

    @Test
    void whereOnlySystemdResolvedStandsItsOwnServersAreTaken() throws IOException {
        Path stub = file("stub", "nameserver 127.0.0.53\nsearch corp.example\n");
        Path resolved = file("resolved", "nameserver 192.0.2.7\n");

        HostServers read = HostServers.read(stub, resolved);
        assertThat(read.servers())
                .extracting(one -> one.getAddress().getHostAddress())
                .containsExactly("192.0.2.7");
        assertThat(read.search()).containsExactly("corp.example");

        Path both = file("both", "nameserver 127.0.0.53\nnameserver 192.0.2.8\n");
        assertThat(HostServers.read(both, resolved).servers()).hasSize(2);
        assertThat(HostServers.read(stub, folder.resolve("none")).servers())
                .extracting(one -> one.getAddress().getHostAddress())
                .containsExactly("127.0.0.53");
        assertThat(HostServers.read(folder.resolve("none"), resolved).servers()).isEmpty();
        assertThat(HostServers.read(stub).servers())
                .extracting(one -> one.getAddress().getHostAddress())
                .containsExactly("127.0.0.53");
    }

    @Test
    void serversOfSettingsMayHaveAPort() {
        assertThat(HostServers.server("192.0.2.1")).get().hasToString("/192.0.2.1:53");
        assertThat(HostServers.server("192.0.2.1:5353")).get().hasToString("/192.0.2.1:5353");
        assertThat(HostServers.server("::1"))
                .get()
                .extracting(one -> one.getPort())
                .isEqualTo(53);
        assertThat(HostServers.server("[::1]:5353"))
                .get()
                .extracting(one -> one.getPort())
                .isEqualTo(5353);
        assertThat(HostServers.server("dns.example")).isEmpty();
        assertThat(HostServers.server("192.0.2.1:0")).isEmpty();
        assertThat(HostServers.server("192.0.2.1:x")).isEmpty();
    }

    @Property(tries = 1000)
    void nothingMakesItThrow(@ForAll String text) {
        assertThat(HostServers.parse(text).servers()).hasSizeLessThanOrEqualTo(HostServers.MOST);
        HostServers.parse("nameserver " + text + "\nsearch " + text);
        HostServers.server(text);
    }
}
