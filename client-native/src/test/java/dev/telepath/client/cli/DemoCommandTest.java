package dev.telepath.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandTest {
    @Test
    void aCheckoutIsFoundFromAnyFolderInside(@TempDir Path root) throws Exception {
        Files.createDirectories(root.resolve("integration-tests"));
        Path inside = Files.createDirectories(root.resolve("client-native").resolve("target"));
        assertThat(DemoCommand.checkout(inside)).isEmpty();
        Path script = Files.writeString(root.resolve("tp"), "#!/bin/sh\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        assertThat(DemoCommand.checkout(inside)).contains(root);
    }
}
