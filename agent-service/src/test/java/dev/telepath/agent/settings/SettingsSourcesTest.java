package dev.telepath.agent.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsSourcesTest {
    private static final Map<String, String> NEEDED = Map.of(
            Setting.MANAGER.key(), "localhost:1", Setting.NAME.key(), "web", Setting.PORTS.key(), "1=127.0.0.1:2");

    @TempDir
    Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve("agent.properties"), text);
    }

    @Test
    void everySettingOfTheMappingHasACheckAndTheOtherWayRound() {
        assertThat(Arrays.stream(AgentSettings.class.getMethods())
                        .map(method ->
                                method.getName().replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT)))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Setting.values()).map(Enum::name).toList());
    }

    @Test
    void everySettingIsDocumented() throws IOException {
        String documentation = Files.readString(Path.of("../docs/agent.md"));
        for (Setting setting : Setting.values()) {
            assertThat(documentation).contains("`" + setting.key().substring(Setting.PREFIX.length()) + "`");
        }
    }

    @Test
    void optionsComeBeforeEnvironmentAndEnvironmentBeforeTheFile() throws IOException {
        var sources = new SettingsSources(Map.of("TELEPATH_AGENT_NAMESPACE", "env", "TELEPATH_AGENT_HOST", "::"));
        Path file = file("telepath.agent.namespace=file\ntelepath.agent.host=file\ntelepath.agent.address=10.0.0.1\n");
        var flags = new java.util.HashMap<>(NEEDED);
        flags.put(Setting.HOST.key(), "127.0.0.1");
        assertThat(sources.merge(flags, file))
                .containsEntry(Setting.HOST.key(), "127.0.0.1")
                .containsEntry(Setting.ADDRESS.key(), "10.0.0.1")
                .doesNotContainKey(Setting.NAMESPACE.key());
    }

    @Test
    void anUnknownKeyIsNamedWithItsFile() throws IOException {
        Path file = file("telepath.agent.backlogg=5\n");
        assertThatThrownBy(() -> new SettingsSources(Map.of()).merge(NEEDED, file))
                .hasMessageContaining("telepath.agent.backlogg")
                .hasMessageContaining(file.toString());
    }

    @Test
    void aWrongTypeIsNamedWithItsFile() throws IOException {
        Path file = file("telepath.agent.backlog=many\n");
        assertThatThrownBy(() -> new SettingsSources(Map.of()).merge(NEEDED, file))
                .hasMessageContaining("telepath.agent.backlog")
                .hasMessageContaining("many")
                .hasMessageContaining(file.toString());
    }

    @Test
    void aValueOutOfRangeIsRefusedWhereverItComesFrom() {
        var sources = new SettingsSources(Map.of("TELEPATH_AGENT_WIRETAP_BUFFER", "1K"));
        assertThatThrownBy(() -> sources.merge(NEEDED, null)).hasMessageContaining("TELEPATH_AGENT_WIRETAP_BUFFER");
    }

    @Test
    void whatIsNeededIsAskedForByItsOption() {
        assertThatThrownBy(() -> new SettingsSources(Map.of()).merge(Map.of(), null))
                .hasMessageContaining("--manager");
    }
}
