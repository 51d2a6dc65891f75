package dev.telepath.client.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
    @ParameterizedTest
    @CsvSource({
        "Linux,LINUX",
        "Mac OS X,MACOS",
        "macOS,MACOS",
        "Darwin,MACOS",
        "Windows 11,OTHER",
        "FreeBSD,OTHER",
        "'',OTHER"
    })
    void aSystemIsKnownByTheNameThatTheRuntimeHas(String name, Platform platform) {
        assertThat(Platform.of(name)).isEqualTo(platform);
    }
}
