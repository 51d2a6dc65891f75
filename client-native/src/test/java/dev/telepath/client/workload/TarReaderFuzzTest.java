package dev.telepath.client.workload;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.telepath.fuzz.Mutations;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import org.junit.jupiter.api.Test;

/** Whatever an agent sends as an archive stays in the target folder and below the limit, or is refused as an I/O error. */
class TarReaderFuzzTest {
    private static final long MOST = 4096;

    @FuzzTest
    void extract(byte[] archive) throws IOException {
        Path outer = Files.createTempDirectory("tar-fuzz");
        Path target = outer.resolve("target");
        try {
            new TarReader(new ByteArrayInputStream(archive), MOST).extract(target);
        } catch (IOException refused) {
            assertThat(refused.toString()).isNotBlank();
        } finally {
            try (var all = Files.list(outer)) {
                assertThat(all).as("only the target is written").allMatch(target::equals);
            }
            assertThat(removed(outer)).as("bytes in all files").isLessThanOrEqualTo(MOST);
        }
    }

    private static long removed(Path folder) throws IOException {
        long bytes = 0;
        try (var all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                bytes += Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) ? Files.size(path) : 0;
                Files.delete(path);
            }
        }
        return bytes;
    }

    @Test
    void mutatedArchivesStayInTheirFolderOrAreRefused() {
        Mutations.of(TarReaderFuzzTest.class, "extract", 300, this::extract);
    }
}
