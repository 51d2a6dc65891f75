package dev.telepath.tunnel.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressAndTokenTest {
    @ParameterizedTest
    @CsvSource({
        "manager.example, https://manager.example:8443",
        "manager.example:9, https://manager.example:9",
        "http://10.0.0.1, http://10.0.0.1:8081",
        "https://10.0.0.1:443/, https://10.0.0.1:443",
        "[::1]:8443, https://[::1]:8443",
        "::1, https://[::1]:8443",
    })
    void anAddressIsReadTheWayPeopleWriteIt(String text, String meaning) {
        assertThat(ManagerAddress.parse(text)).hasToString(meaning);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "host:",
                "host:x",
                "host:0",
                "host:70000",
                "a b",
                "a\tb",
                "http:///path",
                "[\u001d]",
                "[]",
                "[[::1]]",
                "x:y:z",
                "host\u0000:1"
            })
    void aBadAddressIsRefusedWithAWordForTheUser(String text) {
        assertThatThrownBy(() -> ManagerAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank();
    }

    @Test
    void aTokenSurvivesItsTextForm() {
        JoinToken token = new JoinToken("ab".repeat(32), "header.claims.signature");
        assertThat(JoinToken.parse(" " + token.format() + "\n")).isEqualTo(token);
    }

    @Test
    void aTokenNeverPrintsItsSecret() {
        assertThat(new JoinToken("ab".repeat(32), "secret").toString()).doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tp1.", "tp1.abc", "tp1.abc.jwt", "tp1.!!!.jwt", "eyJhbGciOi.x.y"})
    void aDamagedTokenIsRefusedWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> JoinToken.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .doesNotContain("jwt");
    }
}
