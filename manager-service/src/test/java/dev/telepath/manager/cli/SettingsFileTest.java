package dev.telepath.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
    @TempDir
    private Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("manager.properties"), text);
    }

    @AfterEach
    void forget() {
        System.clearProperty("smallrye.config.locations");
        System.clearProperty("telepath.manager.logs.lines");
    }

    @Test
    void theFileIsReadAndAFlagGoesBeforeIt() throws Exception {
        System.setProperty("telepath.manager.logs.lines", "77");

        var settings = SettingsFile.check(
                file("telepath.manager.logs.lines=50\ntelepath.manager.sessions.agent-expiry=20s\n"));

        assertThat(settings.logs().lines()).isEqualTo(77);
        assertThat(settings.sessions().agentExpiry()).isEqualTo(Duration.ofSeconds(20));
        assertThat(settings.streams().credit().asLongValue()).isEqualTo(256 * 1024);
        Ranges.check(settings);
    }

    @Test
    void anUnknownKeyIsNamedWithItsFile() throws Exception {
        Path file = file("telepath.manager.prot=1\n");

        assertThatThrownBy(() -> SettingsFile.check(file))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContainingAll("unknown setting telepath.manager.prot", file.toString());
    }

    @Test
    void aWrongTypeIsNamed() throws Exception {
        Path file = file("telepath.manager.sessions.max=many\n");

        assertThatThrownBy(() -> SettingsFile.check(file))
                .hasMessageContainingAll("wrong setting telepath.manager.sessions.max", "many", file.toString());
    }

    @Test
    void aSwitchIsTrueOrFalseAndNoTypingErrorTurnsItOff() throws Exception {
        Path wrong = file("telepath.manager.streams.direct=ture\n");

        assertThatThrownBy(() -> SettingsFile.check(wrong))
                .hasMessageContainingAll(
                        "wrong setting telepath.manager.streams.direct", "'ture' is neither true nor false");
        assertThat(SettingsFile.check(file("telepath.manager.streams.direct=true\n"))
                        .streams()
                        .direct())
                .isTrue();
        assertThat(SettingsFile.check(file("telepath.manager.streams.direct=false\n"))
                        .streams()
                        .direct())
                .isFalse();
    }

    @Test
    void aValueOutOfRangeIsNamedWithTheRange() throws Exception {
        var settings = SettingsFile.check(file("telepath.manager.watches.window=2s\n"));

        assertThatThrownBy(() -> Ranges.check(settings))
                .hasMessage("setting telepath.manager.watches.window is 2s, out of range (0s to 1s)");
    }

    @Test
    void anAbsentFileIsNamed() {
        Path absent = directory.resolve("absent");

        assertThatThrownBy(() -> SettingsFile.check(absent)).hasMessageContaining(absent + " cannot be read");
    }
}
