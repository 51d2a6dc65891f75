package dev.telepath.client.privileged;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.platform.Platform;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PrivilegedLauncherTest {
    @Test
    void onLinuxRootIsGivenAwayButForOneCapability() {
        assertThat(PrivilegedLauncher.prefix(Platform.LINUX, 1000, 1001, Optional.empty()))
                .startsWith("sudo", "-n", "setsid")
                .containsSubsequence("--reuid", "1000", "--regid", "1001")
                .contains("--bounding-set=-all,+net_admin", "--no-new-privs");
        assertThat(PrivilegedLauncher.prefix(Platform.LINUX, 0, 0, Optional.empty()))
                .startsWith("setsid");
    }

    @Test
    void onMacosSudoDoesItInTheBackground() {
        assertThat(PrivilegedLauncher.prefix(Platform.MACOS, 501, 20, Optional.empty()))
                .containsExactly("sudo", "-n", "-b", "--");
    }

    @Test
    void elsewhereTheProxyIsNamed() {
        assertThatThrownBy(() -> PrivilegedLauncher.prefix(Platform.OTHER, 1, 1, Optional.empty()))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("macOS");
    }
}
