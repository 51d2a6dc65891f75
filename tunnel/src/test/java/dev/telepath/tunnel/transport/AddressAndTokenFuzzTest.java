package dev.telepath.tunnel.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What a user pastes is understood, and then means the same in its text form, or is refused with a message. */
class AddressAndTokenFuzzTest {
    @FuzzTest
    void address(byte[] input) {
        ManagerAddress read;
        try {
            read = ManagerAddress.parse(new String(input, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return;
        }
        assertThat(read.port()).isBetween(1, 65535);
        assertThat(read.host()).isNotBlank();
        assertThat(ManagerAddress.parse(read.toString())).isEqualTo(read);
    }

    @FuzzTest
    void token(byte[] input) {
        JoinToken read;
        try {
            read = JoinToken.parse(new String(input, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException refused) {
            assertThat(refused.getMessage()).isNotBlank();
            return;
        }
        assertThat(read.caFingerprint()).matches("[0-9a-f]{64}");
        assertThat(read.bearer()).isNotEmpty();
        assertThat(read.toString()).doesNotContain("tp1.");
        assertThat(JoinToken.parse(read.format())).isEqualTo(read);
    }

    @Test
    void mutatedAddressesAreReadOrRefused() {
        Mutations.of(AddressAndTokenFuzzTest.class, "address", this::address);
    }

    @Test
    void mutatedTokensAreReadOrRefused() {
        Mutations.of(AddressAndTokenFuzzTest.class, "token", this::token);
    }
}
