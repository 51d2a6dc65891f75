package dev.telepath.client.home;

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
    void aCommandWithoutAnArchiveIsAFailureThatSaysWhatToDo() {
        Failure failure =
                assertThrows(Failure.class, () -> DaemonLauncher.onJvm("/bin/java", new String[] {"-cp", "x", "Main"}));

        assertEquals("set TELEPATH_TP_COMMAND to the command that runs tp", failure.hint());
    }
}
