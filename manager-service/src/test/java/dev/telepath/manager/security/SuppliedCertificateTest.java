package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuppliedCertificateTest {
    private static final InstantSource CLOCK = InstantSource.system();

    @TempDir
    Path work;

    /** As cert-manager leaves it: chain, key and CA. */
    private Path supplied(String name, boolean withCa) throws IOException {
        Path made = work.resolve(name);
        Installation.open(made, CLOCK);
        String chain = Files.readString(made.resolve("server.crt"));
        String ca = Files.readString(made.resolve("ca.crt"));
        Path supplied = Files.createDirectories(work.resolve(name + "-supplied"));
        Files.writeString(supplied.resolve("tls.crt"), withCa ? chain : chain.replace(ca, ""));
        Files.copy(made.resolve("server.key"), supplied.resolve("tls.key"));
        Files.copy(made.resolve("ca.crt"), supplied.resolve("ca.crt"));
        return supplied;
    }

    private Installation open(Path supplied) throws IOException {
        return Installation.open(work.resolve("data"), CLOCK, List.of("any"), Optional.of(supplied));
    }

    @Test
    void itIsServedWithTheChainUpToTheCaThatEdgesPin() throws IOException {
        Path supplied = supplied("theirs", false);
        Installation installation = open(supplied);
        assertThat(installation.renewed()).isTrue();
        assertThat(work.resolve("data").resolve("server.crt"))
                .content()
                .startsWith(Files.readString(supplied.resolve("tls.crt")))
                .endsWith(Files.readString(supplied.resolve("ca.crt")));
        assertThat(Installation.caFingerprint(work.resolve("data")))
                .isEqualTo(Installation.caFingerprint(work.resolve("theirs")));
        assertThat(work.resolve("data").resolve("ca.key")).doesNotExist();
    }

    @Test
    void aChainThatHasTheCaIsServedAsItIs() throws IOException {
        Path supplied = supplied("theirs", true);
        open(supplied);
        assertThat(work.resolve("data").resolve("server.crt"))
                .hasContent(Files.readString(supplied.resolve("tls.crt")));
    }

    @Test
    void aRotatedOneIsTakenOverAndTheSameOneIsLeft() throws IOException {
        Path supplied = supplied("theirs", true);
        open(supplied);
        assertThat(open(supplied).renewed()).isFalse();
        Path next = supplied("next", true);
        for (String file : List.of("tls.crt", "tls.key", "ca.crt")) {
            Files.writeString(supplied.resolve(file), Files.readString(next.resolve(file)));
        }
        assertThat(open(supplied).renewed()).isTrue();
        assertThat(work.resolve("data").resolve("server.key")).hasContent(Files.readString(next.resolve("tls.key")));
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        Path supplied = supplied("theirs", true);
        Files.delete(supplied.resolve("ca.crt"));
        assertThatThrownBy(() -> open(supplied)).hasMessageContaining("has no ca.crt");
    }

    @Test
    void anOwnCertificateOfAnotherCaIsIssuedAnew() throws IOException {
        Path data = work.resolve("data");
        Installation.open(data, CLOCK);
        Path other = work.resolve("other");
        Installation.open(other, CLOCK);
        for (String file : List.of("ca.crt", "ca.key")) {
            Files.writeString(data.resolve(file), Files.readString(other.resolve(file)));
        }
        assertThat(Installation.open(data, CLOCK).renewed()).isTrue();
        assertThat(data.resolve("server.crt")).content().endsWith(Files.readString(other.resolve("ca.crt")));
    }
}
