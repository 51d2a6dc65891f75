package dev.telepath.client.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvSyntaxTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "docker|A=it's \"$5\" 100%",
                "compose|A=\"it's \\\"$$5\\\" 100%\"",
                "sh|A='it'\\''s \"$5\" 100%'",
                "sh:export|export A='it'\\''s \"$5\" 100%'",
                "csh|set A='it'\\''s \"$5\" 100%'",
                "csh:export|setenv A 'it'\\''s \"$5\" 100%'",
                "cmd|set \"A=it's \"$5\" 100%%\"",
                "ps|$A='it''s \"$5\" 100%'",
                "ps:export|$Env:A='it''s \"$5\" 100%'"
            })
    void everySyntaxQuotesAsItsReaderExpects(String syntax, String expected) {
        String text = EnvSyntax.parse(syntax).format(Map.of("A", "it's \"$5\" 100%"));

        assertThat(text.stripTrailing()).isEqualTo(expected);
    }

    @Test
    void variablesAreSortedByName() {
        assertThat(EnvSyntax.parse("docker").format(Map.of("B", "2", "A", "1"))).isEqualTo("A=1\nB=2\n");
    }

    @Test
    void jsonIsAnObject() {
        assertThat(EnvSyntax.parse("json").format(Map.of("A", "x\ny"))).isEqualTo("{\n  \"A\" : \"x\\ny\"\n}\n");
    }

    @Test
    void aRealShellReadsBackWhatWasWritten() throws IOException {
        String value = "two\nlines 'and' \"quotes\" $HOME `id` \\";
        String script = EnvSyntax.parse("sh:export").format(Map.of("A", value)) + "printf %s \"$A\"";

        Process shell = new ProcessBuilder(List.of("sh", "-c", script)).start();

        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo(value);
    }

    @Test
    void dockerCannotHoldSeveralLinesAndSaysSo() {
        assertThatThrownBy(() -> EnvSyntax.parse("docker").format(Map.of("CERT", "a\nb")))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("CERT");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "bash", "docker:export", "json:export", "sh:exported"})
    void otherSyntaxesAreRefused(String syntax) {
        assertThatThrownBy(() -> EnvSyntax.parse(syntax)).isInstanceOf(Failure.class);
    }

    @Test
    void variablesOfTheMachineStayAndOursAreAdded() {
        Map<String, String> variables = EnvironmentRules.forLocalProcess(
                Map.of("PATH", "/bin", "HOME", "/home/u", "HOSTNAME", "pod", "DB", "x"),
                "app",
                "/mnt",
                List.of("/var/run", "/etc/app"),
                List.of("/tmp"));

        assertThat(variables)
                .containsOnly(
                        Map.entry("DB", "x"),
                        Map.entry("TELEPRESENCE_CONTAINER", "app"),
                        Map.entry("TELEPRESENCE_ROOT", "/mnt"),
                        Map.entry("TELEPRESENCE_MOUNTS", "/var/run:/etc/app"),
                        Map.entry("TELEPRESENCE_LOCAL_MOUNTS", "/tmp"));
    }
}
