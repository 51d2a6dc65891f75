package dev.telepath.tunnel.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathHandleTest {
    private final CLibrary library = new CLibrary();

    @TempDir
    Path directory;

    @BeforeEach
    void files() throws IOException {
        assumeTrue(PathHandle.available(), "needs Linux with /proc");
        Files.createDirectories(directory.resolve("a/b"));
        Files.writeString(directory.resolve("a/b/f"), "content");
        Files.createSymbolicLink(directory.resolve("link"), Path.of("a"));
        Files.createSymbolicLink(directory.resolve("a/b/l"), Path.of("f"));
    }

    @Test
    void aDirectoryStaysTheSameWhateverTakesItsName() throws IOException {
        try (PathHandle top = PathHandle.open(library, directory);
                PathHandle held = top.below(Path.of("a/b"))) {
            Files.move(directory.resolve("a"), directory.resolve("moved"));
            Files.createSymbolicLink(directory.resolve("a"), Path.of("nowhere"));
            assertThat(held.entry("f")).hasContent("content");
            Files.createDirectory(held.entry("made"));
            assertThat(directory.resolve("moved/b/made")).isDirectory();
        }
    }

    @Test
    void aFileIsHeldToo() throws IOException {
        try (PathHandle top = PathHandle.open(library, directory);
                PathHandle held = top.below(Path.of("a/b/f"))) {
            Files.delete(directory.resolve("a/b/f"));
            held.truncate(3);
            assertThat(held.path()).hasContent("con");
            held.truncate(5);
            assertThat(Files.size(held.path())).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"link/b", "link/b/f", "a/b/f/g", "a/../a", "a/./b", "none"})
    void noLinkOnTheWayIsFollowedAndNoDots(String path) throws IOException {
        try (PathHandle top = PathHandle.open(library, directory)) {
            assertThatThrownBy(() -> top.below(Path.of(path))).isInstanceOf(NoSuchFileException.class);
        }
    }

    @Test
    void aLinkAtTheEndIsHeldItself() throws IOException {
        try (PathHandle top = PathHandle.open(library, directory);
                PathHandle link = top.below(Path.of("a/b/l"))) {
            assertThat(Files.isSymbolicLink(top.entry("a").resolve("b/l"))).isTrue();
            assertThatThrownBy(() -> link.truncate(0)).isInstanceOf(IOException.class);
        }
        assertThat(directory.resolve("a/b/f")).hasContent("content");
    }

    @Test
    void whatIsClosedLeadsNowhere() throws IOException {
        PathHandle held = PathHandle.open(library, directory);
        held.close();
        held.close();
        assertThat(held.path()).doesNotExist();
        assertThatThrownBy(() -> held.below(Path.of("a"))).isInstanceOf(IOException.class);
    }
}
