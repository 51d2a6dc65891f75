package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/**
 * Only what was issued is accepted, and means who it was issued to; everything else is refused with a reason. In the inputs,
 * @ stands for a token that is good, and ! # $ for its three parts.
 */
class TokensFuzzTest {
    private static final Tokens TOKENS = new Tokens(new byte[32], () -> Instant.parse("2026-01-01T00:00:00Z"));
    private static final String GOOD = TOKENS.issue("bob", Role.CLIENT, Duration.ofHours(1));
    private static final String[] PARTS = GOOD.split("\\.");

    @FuzzTest
    void verify(byte[] input) {
        String token = new String(input, StandardCharsets.UTF_8)
                .replace("@", GOOD)
                .replace("!", PARTS[0])
                .replace("#", PARTS[1])
                .replace("$", PARTS[2]);
        try {
            assertThat(TOKENS.verify(token)).isEqualTo(new Principal("bob", Role.CLIENT, false));
            assertThat(token).contains(PARTS[1]);
        } catch (TokenRefused refused) {
            assertThat(refused.reason()).isNotNull();
            assertThat(token).isNotEqualTo(GOOD);
        }
    }

    @Test
    void mutatedTokensAreRefusedOrTheirBearers() {
        Mutations.of(TokensFuzzTest.class, "verify", 10_000, this::verify);
    }
}
