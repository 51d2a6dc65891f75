package dev.telepath.client.home;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.telepath.client.failure.Failure;
import java.util.List;
import org.junit.jupiter.api.Test;

class DaemonLauncherTest {
    @Test
    void theDaemonHasTheOptimisingCompilerThatACommandDoesWithout() {
        String[] command = {"-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", "/opt/tp.jar", "connect"
        };

        assertEquals(
                List.of("/bin/java", "-Xmx256m", "-XX:+UseSerialGC", "-jar", "/opt/tp.jar"),
                DaemonLauncher.onJvm("/bin/java", command));
    }

    @Test
    void argumentsAreReadFromACommandLineOfAnyLength() {
        String last = "x".repeat(100_000);

        assertArrayEquals(
                new String[] {"-jar", "/opt/tp.jar", "run", "", last},
                DaemonLauncher.arguments("java\0-jar\0/opt/tp.jar\0run\0\0" + last + "\0"));
        assertArrayEquals(new String[0], DaemonLauncher.arguments(""));
    }

    @Test
    void aCommandWithoutAnArchiveIsAFailureThatSaysWhatToDo() {
        Failure failure =
                assertThrows(Failure.class, () -> DaemonLauncher.onJvm("/bin/java", new String[] {"-cp", "x", "Main"}));

        assertEquals("set TELEPATH_TP_COMMAND to the command that runs tp", failure.hint());
    }
}
