package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.manager.security.TokenRefused.Reason;
import dev.telepath.tunnel.transport.JoinToken;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
    private final byte[] key = new SecureRandom().generateSeed(32);
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private final Tokens tokens = new Tokens(key, now::get);

    private void refused(Reason reason, String token) {
        assertThatThrownBy(() -> tokens.verify(token))
                .isInstanceOfSatisfying(
                        TokenRefused.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void aTokenNamesItsBearerUntilItExpires() throws Exception {
        String token = tokens.issue("bob", Role.CLIENT, Duration.ofHours(1));

        assertThat(tokens.verify(token)).isEqualTo(new Principal("bob", Role.CLIENT, false));
        now.updateAndGet(then -> then.plusSeconds(3599));
        assertThat(tokens.verify(token).role()).isEqualTo(Role.CLIENT);
        now.updateAndGet(then -> then.plusSeconds(1));
        refused(Reason.EXPIRED, token);
    }

    @Test
    void forgedAndDamagedTokensAreRefused() {
        byte[] other = key.clone();
        other[0]++;
        String forged = new Tokens(other, now::get).issue("bob", Role.CLIENT, Duration.ofHours(1));
        String token = tokens.issue("bob", Role.CLIENT, Duration.ofHours(1));
        String[] parts = token.split("\\.");
        String promoted = new String(Base64.getUrlDecoder().decode(parts[1]), java.nio.charset.StandardCharsets.UTF_8)
                .replace("client", "agent");
        String changed = parts[0] + "."
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(promoted.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                + "." + parts[2];
        String unsigned = Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString("{\"alg\":\"none\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8))
                + "." + parts[1] + ".";

        refused(Reason.FORGED, forged);
        refused(Reason.FORGED, changed);
        refused(Reason.MALFORMED, unsigned);
        refused(Reason.MALFORMED, "nonsense");
        refused(Reason.MALFORMED, "x".repeat(9000));
        refused(Reason.MISSING, "");
    }

    @Test
    void anInstallationKeepsItsCaAndItsFilesArePrivate(@TempDir Path directory) throws Exception {
        Path data = directory.resolve("data");
        var first = Installation.open(data, InstantSource.system());
        String pin = JoinToken.parse(first.joinToken("bob", Role.CLIENT, Duration.ofDays(1)))
                .caFingerprint();
        var second = Installation.open(data, InstantSource.system());
        var again = JoinToken.parse(second.joinToken("bob", Role.CLIENT, Duration.ofDays(1)));

        assertThat(first.created()).isTrue();
        assertThat(second.created()).isFalse();
        assertThat(again.caFingerprint()).isEqualTo(pin);
        assertThat(first.tokens().verify(again.bearer()).subject()).isEqualTo("bob");
        try (var files = Files.list(data)) {
            assertThat(files)
                    .hasSize(5)
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .isEqualTo("rw-------"));
        }
    }

    @Test
    void aServerCertificateThatEndsSoonIsRenewedAndTheCaStays(@TempDir Path data) throws Exception {
        Installation.open(data, InstantSource.system());
        String ca = Files.readString(data.resolve("ca.crt"));
        String server = Files.readString(data.resolve("server.crt"));

        Installation.open(data, () -> Instant.now().plus(Duration.ofDays(370)));

        assertThat(Files.readString(data.resolve("ca.crt"))).isEqualTo(ca);
        assertThat(Files.readString(data.resolve("server.crt")))
                .isNotEqualTo(server)
                .contains(ca);
    }

    @Test
    void aDamagedFileIsNamed(@TempDir Path data) throws Exception {
        Installation.open(data, InstantSource.system());
        Files.writeString(data.resolve("signing.key"), "short");

        assertThatThrownBy(() -> Installation.open(data, InstantSource.system()))
                .hasMessageContaining("signing.key is damaged");
    }
}
