package dev.telepath.agent.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.tunnel.transport.JoinToken;
import dev.telepath.tunnel.transport.ManagerAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApproachTest {
    private static final ManagerAddress TLS = new ManagerAddress("127.0.0.1", 8443, false);
    private static final ManagerAddress CLEAR = new ManagerAddress("127.0.0.1", 8081, true);

    @TempDir
    Path directory;

    @Test
    void theTokenIsReadFromItsFileEachTime() throws IOException {
        Path file = directory.resolve("token");
        var token = new JoinToken("ab".repeat(32), "a.b.c");
        Files.writeString(file, token.format() + "\n");
        Approach found = find(file, Optional.empty());
        assertThat(found.pin()).contains(token.caFingerprint());
        assertThat(found.bearer().get()).isEqualTo("a.b.c");
    }

    @Test
    void aBearerTokenAloneIsPinnedByTheFingerprintBesideIt() throws IOException {
        Path file = directory.resolve("token");
        Files.writeString(file, "x.y.z\n");
        Approach found = find(file, Optional.of("cd".repeat(32)));
        assertThat(found.pin()).contains("cd".repeat(32));
        assertThat(found.bearer().get()).isEqualTo("x.y.z");
        Files.writeString(file, "x y\u0007z");
        assertThatThrownBy(() -> find(file, Optional.of("cd".repeat(32))))
                .hasMessageContaining(file.toString())
                .hasMessageNotContaining("x y");
    }

    private static Approach find(Path file, Optional<String> fingerprint) throws IOException {
        return Approach.find(TLS, Optional.of(new TokenFile(file, fingerprint, Runnable::run)), Optional.empty());
    }

    @Test
    void aMissingOrDamagedTokenIsToldWithTheFileButNeverTheToken() throws IOException {
        Path file = directory.resolve("token");
        assertThatThrownBy(() -> find(file, Optional.empty())).hasMessageContaining(file.toString());
        Files.writeString(file, "very-secret");
        assertThatThrownBy(() -> find(file, Optional.empty()))
                .hasMessageContaining(file.toString())
                .hasMessageNotContaining("very-secret");
        assertThatThrownBy(() -> Approach.find(TLS, Optional.empty(), Optional.empty()))
                .hasMessageContaining("--token-file");
    }

    @Test
    void theAddressToldIsTheGivenOneElseLoopbackForALoopbackManager() throws IOException {
        assertThat(Approach.find(CLEAR, Optional.empty(), Optional.empty())
                        .ownAddress()
                        .isLoopbackAddress())
                .isTrue();
        assertThat(Approach.find(CLEAR, Optional.empty(), Optional.of("10.1.2.3"))
                        .ownAddress()
                        .getHostAddress())
                .isEqualTo("10.1.2.3");
    }
}
