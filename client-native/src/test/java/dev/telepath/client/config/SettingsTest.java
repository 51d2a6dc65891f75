package dev.telepath.client.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SettingsTest {
    @TempDir
    Path folder;

    @Test
    void flagsBeatEnvironmentBeatsFileBeatsDefault() throws IOException {
        Path file = file(
                "config.yml", "manager: from-file:1\nnamespace: from-file\nproxy:\n  port: 1080\ntimeouts.dial: 7s\n");

        Settings settings = Settings.resolve(
                Map.of(Setting.MANAGER, "from-flag:1"),
                Map.of("TELEPATH_MANAGER", "from-env:1", "TELEPATH_NAMESPACE", "from-env"),
                Optional.of(file));

        assertThat(settings.value(Setting.MANAGER)).isEqualTo(new Settings.Value("from-flag:1", "flag"));
        assertThat(settings.value(Setting.NAMESPACE))
                .isEqualTo(new Settings.Value("from-env", "environment TELEPATH_NAMESPACE"));
        assertThat(settings.value(Setting.PROXY_PORT)).isEqualTo(new Settings.Value("1080", "file " + file + ":4"));
        assertThat(settings.duration(Setting.TIMEOUT_DIAL)).isEqualTo(Duration.ofSeconds(7));
        assertThat(settings.value(Setting.HEARTBEAT)).isEqualTo(new Settings.Value("5s", "default"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "manger: x|line 1: unknown key 'manger'",
                "namespace: a~proxy:~  prt: 1|line 3: unknown key 'proxy.prt'",
                "prxy:~  port: 1|line 1: unknown key 'prxy'",
                "proxy:~  port: abc|line 2: key 'proxy.port': 'abc' is no number",
                "proxy:~  port: 70000|line 2: key 'proxy.port': '70000' is out of range",
                "proxy: [1, 2]|line 1: key 'proxy' is a list",
                "namespace:~  a: b|line 1: key 'namespace' is a map",
                "heartbeat: soon|line 1: key 'heartbeat': 'soon' is no duration",
                "stream.credit: 1|line 1: key 'stream.credit': '1' is out of range",
                "dns:~  mappings: a=b=|line 2: key 'dns.mappings': 'a=b=' is none of",
                "dns.mappings: db|line 1: key 'dns.mappings': 'db' is none of",
                "dns.excludes: a b=c|line 1: key 'dns.excludes': 'b=c' is none of",
                "dns.include-suffixes: '.'|line 1: key 'dns.include-suffixes': '.' is none of",
                "kubernetes.transport: ''|line 1: key 'kubernetes.transport': '' is no manager address",
                "kubernetes:~  transport: a b|line 2: key 'kubernetes.transport': 'a b' is no manager address",
                "kubernetes.transport: lb:99999|line 1: key 'kubernetes.transport': port 99999 is out of range",
                "kubernetes.transport: http://lb:80|line 1: key 'kubernetes.transport': 'http://lb:80' is a clear-text port",
                "output: xml|line 1: key 'output': 'xml' is none of default, json, yaml",
                "- a|line 1: expected a map",
                "manager: 'x|line "
            })
    void aWrongFileIsToldByFileLineAndKey(String text, String expected) throws IOException {
        Path file = file("config.yml", text.replace('~', '\n') + "\n");

        assertThatThrownBy(() -> Settings.resolve(Map.of(), Map.of(), Optional.of(file)))
                .isInstanceOfSatisfying(Failure.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(Kind.USAGE);
                    assertThat(failure.message()).startsWith(file.toString()).contains(expected);
                });
    }

    @Test
    void propertiesFilesAreJustAsStrict() throws IOException {
        Path good = file("good.properties", "# comment\ntelepath.client.manager=a:1\nproxy.port = 7\n");
        Path bad = file("bad.properties", "manager=a:1\nnope=1\n");

        assertThat(Settings.resolve(Map.of(), Map.of(), Optional.of(good)).number(Setting.PROXY_PORT))
                .isEqualTo(7);
        assertThatThrownBy(() -> Settings.resolve(Map.of(), Map.of(), Optional.of(bad)))
                .hasMessageContaining("line 2: unknown key 'nope'");
    }

    @Test
    void aWrongVariableIsToldByItsName() {
        assertThatThrownBy(() -> Settings.resolve(Map.of(), Map.of("TELEPATH_PROXY_PORT", "x"), Optional.empty()))
                .hasMessageContaining("environment TELEPATH_PROXY_PORT");
    }

    @Test
    void aMissingFileThatWasNamedIsAnErrorAndAMissingDefaultIsNot() {
        assertThatThrownBy(() -> Settings.resolve(Map.of(), Map.of(), Optional.of(folder.resolve("none.yml"))))
                .hasMessageContaining("there is no configuration file");
        assertThat(Settings.resolve(Map.of(), Map.of("XDG_CONFIG_HOME", folder.toString()), Optional.empty())
                        .file())
                .isEmpty();
    }

    @Test
    void anEmptyFileIsFine() throws IOException {
        assertThat(Settings.resolve(Map.of(), Map.of(), Optional.of(file("config.yml", "")))
                        .file())
                .isPresent();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everyDefaultIsWithinItsOwnRangeAndDocumented(Setting setting) throws IOException {
        Settings.check(setting, setting.fallback());

        assertThat(Files.readString(Path.of("../docs/configuration.md"))).contains("`" + setting.key() + "`");
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }
}
