package dev.telepath.client.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SystemToolTest {
    @Test
    void whatAProgramSaysAndItsCodeComeBack() throws IOException {
        assertThat(SystemTool.child(List.of("/bin/sh", "-c", "echo out; echo err >&2; exit 3")))
                .isEqualTo(new SystemTool.Outcome(3, "out\nerr\n"));
    }

    @Test
    @Timeout(30)
    void aProgramThatDoesNotEndIsEnded() throws IOException {
        assertThat(SystemTool.child(List.of("/bin/sleep", "60"), Duration.ofMillis(100))
                        .exit())
                .isNotZero();
    }

    @Test
    @Timeout(30)
    void aProgramThatAsksGetsNoAnswer() throws IOException {
        assertThat(SystemTool.child(List.of("/bin/cat"))).isEqualTo(new SystemTool.Outcome(0, ""));
    }

    @Test
    void aProgramThatIsNotThereIsToldByItsName() {
        assertThatThrownBy(() -> SystemTool.child(List.of("/nowhere/route")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/nowhere/route");
    }
}
