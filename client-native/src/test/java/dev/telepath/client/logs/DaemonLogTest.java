package dev.telepath.client.logs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonLogTest {
    @TempDir
    Path folder;

    private DaemonLog log(Path where) {
        return new DaemonLog(where, 100, 2, new Formatter() {
            @Override
            public String format(LogRecord entry) {
                return entry.getMessage() + "\n";
            }
        });
    }

    @Test
    void theFileIsRotatedAtItsSizeAndSoManyAreKept() throws IOException {
        DaemonLog log = log(folder);
        for (int i = 0; i < 40; i++) {
            log.publish(new LogRecord(Level.INFO, "line number " + i));
        }
        log.close();

        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("daemon.log", "daemon.log.1", "daemon.log.2");
        }
        assertThat(folder.resolve("daemon.log")).content().contains("line number 39");
        assertThat(Files.size(folder.resolve("daemon.log.1"))).isLessThanOrEqualTo(100);
    }

    @Test
    void whatCannotBeWrittenIsDroppedAndCountedAndThenGoesOn() throws IOException {
        Path where = folder.resolve("sub");
        Files.writeString(where, "a file where the folder should be");
        DaemonLog log = log(where);
        log.publish(new LogRecord(Level.INFO, "lost"));
        log.publish(new LogRecord(Level.INFO, "lost too"));
        assertThat(log.dropped()).isEqualTo(2);

        Files.delete(where);
        log.publish(new LogRecord(Level.INFO, "kept"));
        log.close();

        assertThat(where.resolve("daemon.log")).hasContent("kept");
        assertThat(log.dropped()).isEqualTo(2);
    }
}
