package dev.telepath.agent.redirect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RulesetTest {
    private static List<Integer> types(byte[] transaction) {
        ByteBuffer in = ByteBuffer.wrap(transaction).order(ByteOrder.nativeOrder());
        var types = new ArrayList<Integer>();
        int at = 0;
        while (at < transaction.length) {
            int length = in.getInt(at);
            assertThat(length).isGreaterThanOrEqualTo(20).isLessThanOrEqualTo(transaction.length - at);
            assertThat(length % 4).isZero();
            types.add(Short.toUnsignedInt(in.getShort(at + 4)));
            at += length;
        }
        return types;
    }

    @Test
    void aTransactionReplacesTheTableAndHasOneRuleForEachRedirect() {
        byte[] bytes = Ruleset.of(List.of(Redirect.parse("8080=9900/tcp"), Redirect.parse("53=9901/UDP")));
        int tables = 10 << 8;
        assertThat(types(bytes))
                .containsExactly(16, tables, tables + 2, tables, tables + 3, tables + 6, tables + 6, 17);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(text).contains("telepath\0", "prerouting\0", "nat\0", "redir\0");
        // 8080 and 9900 as they are on the wire.
        assertThat(text).contains("\u001f\u0090", "\u0026\u00ac");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "80", "80=90", "80=90/icmp", "0=90/tcp", "80=65536/tcp", "a=b/tcp", "80=90/tcp/x"})
    void whatIsNoRedirectIsRefusedWithTheForm(String text) {
        assertThatThrownBy(() -> Redirect.parse(text)).hasMessageContaining("FROM=TO/tcp");
    }
}
