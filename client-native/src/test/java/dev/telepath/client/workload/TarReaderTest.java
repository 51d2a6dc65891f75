package dev.telepath.client.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarReaderTest {
    @TempDir
    Path folder;

    @Test
    void filesAndFoldersAreUnpackedReadOnly() throws IOException {
        var archive = new Archive()
                .entry("a/", '5', "")
                .entry("a/b.txt", '0', "hello")
                .entry("link", '2', "");

        new TarReader(archive.stream(), 1000).extract(folder.resolve("out"));

        Path file = folder.resolve("out/a/b.txt");
        assertThat(file).hasContent("hello");
        assertThat(folder.resolve("out/link")).doesNotExist();
    }

    @Test
    void linksOfAConfigMapLeadToTheirFilesAndThoseThatLeadOutAreLeftOut() throws IOException {
        Files.writeString(folder.resolve("secret"), "outside");
        var archive = new Archive()
                .link("app.yaml", "..data/app.yaml")
                .link("..data", "..1")
                .entry("..1/app.yaml", '0', "inside")
                .link("out", "../secret")
                .link("absolute", "/../secret")
                .link("here", ".")
                .link("by-another", "here/../secret")
                .link("loop", "loop");

        new TarReader(archive.stream(), 1000).extract(folder.resolve("out"));

        assertThat(folder.resolve("out/app.yaml")).hasContent("inside").isSymbolicLink();
        assertThat(folder.resolve("out/out")).doesNotExist();
        assertThat(folder.resolve("out/by-another")).doesNotExist();
        assertThat(folder.resolve("out/absolute")).doesNotExist();
    }

    @Test
    void aFileIsNeverWrittenThroughALinkOfTheArchive() {
        var archive = new Archive().link("a", "b").entry("b/f", '0', "y").entry("a/f", '0', "x");

        assertThatThrownBy(() -> new TarReader(archive.stream(), 1000).extract(folder.resolve("out")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("in the way");
        assertThat(folder.resolve("out/b/f")).hasContent("y");
    }

    @Test
    void longNamesOfBothKindsAreUnderstood() throws IOException {
        String name = "d/".repeat(80) + "file";
        String record = "path=" + name + "\n";
        int length = record.length() + 4;
        var archive = new Archive()
                .entry("pax", 'x', length + " " + record)
                .entry("short", '0', "one")
                .entry("././@LongLink", 'L', name + "2\0")
                .entry("short", '0', "two");

        new TarReader(archive.stream(), 1000).extract(folder);

        assertThat(folder.resolve(name)).hasContent("one");
        assertThat(folder.resolve(name + "2")).hasContent("two");
    }

    @Test
    void namesThatLeadOutAreRefused() {
        var archive = new Archive().entry("../../evil", '0', "x");

        assertThatThrownBy(() -> new TarReader(archive.stream(), 1000).extract(folder.resolve("out")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("outside");
        assertThat(Files.exists(folder.resolve("evil"))).isFalse();
    }

    @Test
    void moreThanTheBoundIsRefused() {
        var archive = new Archive().entry("big", '0', "x".repeat(600));

        assertThatThrownBy(() -> new TarReader(archive.stream(), 500).extract(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("share.max-bytes");
    }

    @Test
    void anArchiveCutShortIsTold() {
        byte[] whole = new Archive().entry("f", '0', "x".repeat(600)).bytes();

        assertThatThrownBy(() -> new TarReader(new ByteArrayInputStream(whole, 0, 700), 1000).extract(folder))
                .isInstanceOf(IOException.class);
    }

    private static final class Archive {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Archive link(String name, String target) {
            entry(name, '2', "");
            byte[] all = out.toByteArray();
            byte[] bytes = target.getBytes(StandardCharsets.UTF_8);
            System.arraycopy(bytes, 0, all, all.length - 512 + 157, bytes.length);
            out.reset();
            out.writeBytes(all);
            return this;
        }

        Archive entry(String name, char type, String content) {
            byte[] header = new byte[512];
            byte[] body = content.getBytes(StandardCharsets.UTF_8);
            put(header, 0, name);
            put(header, 100, "0000644");
            put(header, 124, String.format("%011o", body.length));
            header[156] = (byte) type;
            put(header, 257, "ustar");
            out.writeBytes(header);
            out.writeBytes(body);
            out.writeBytes(new byte[(512 - body.length % 512) % 512]);
            return this;
        }

        private static void put(byte[] header, int at, String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            System.arraycopy(bytes, 0, header, at, bytes.length);
        }

        byte[] bytes() {
            var whole = new ByteArrayOutputStream();
            whole.writeBytes(out.toByteArray());
            whole.writeBytes(new byte[1024]);
            return whole.toByteArray();
        }

        ByteArrayInputStream stream() {
            return new ByteArrayInputStream(bytes());
        }
    }
}
