package dev.telepath.tunnel.macos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The calls with Linux' layout, as Linux carries them out: sockets and messages are the same but for that. It says nothing of macOS'
 * layout, which {@link SocketLayoutTest} compares with the headers.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(10)
class HandoverTest {
    private static final SocketLayout LINUX = new SocketLayout(false, 16, 1);
    private static final int STREAM = 1;

    @TempDir
    Path folder;

    private final MacLibrary library = new MacLibrary();

    @Test
    void aDescriptorArrivesAsAnotherOneOfTheSameFile() throws IOException {
        Path path = folder.resolve("s");
        int given = library.socket(SocketLayout.AF_UNIX, STREAM, 0);
        try (var waiting = Handover.listen(library, LINUX, path)) {
            int connection = Handover.give(library, LINUX, path, given);
            int taken = waiting.take();
            assertThat(taken).isNotEqualTo(given);
            assertThat(file(taken)).isEqualTo(file(given)).startsWith("socket:");
            library.close(taken);
            library.close(connection);
        }
        library.close(given);
        assertThat(path).doesNotExist();
    }

    @Test
    void whoGivesNoDescriptorIsToldApart() throws IOException {
        Path path = folder.resolve("s");
        try (var waiting = Handover.listen(library, LINUX, path);
                var plain = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            plain.write(ByteBuffer.wrap(new byte[1]));
            assertThatThrownBy(waiting::take).isInstanceOf(IOException.class).hasMessageContaining("no descriptor");
            SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
            assertThatThrownBy(waiting::take).isInstanceOf(IOException.class).hasMessageContaining("no descriptor");
        }
    }

    @Test
    void aSocketThatWasLeftThereIsReplaced() throws IOException {
        Path path = Files.createFile(folder.resolve("s"));
        Handover.listen(library, LINUX, path).close();
        assertThat(path).doesNotExist();
    }

    @Test
    void whereNobodyListensTheSystemSaysSo() {
        assertThatThrownBy(() -> Handover.give(library, LINUX, folder.resolve("s"), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("connect");
    }

    private static String file(int descriptor) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
    }
}
