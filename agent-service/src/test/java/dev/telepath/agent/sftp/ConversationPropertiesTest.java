package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.agent.share.SharedPaths;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever a client sends: the server answers or ends the connection, and never tells what is not lent. */
class ConversationPropertiesTest {
    private static final String OUTSIDE = "what nobody lent";
    private static Path directory = Path.of("");
    private static Path lent = Path.of("");
    private static Path changed = Path.of("");
    private static final Conversation.Traffic NOBODY = new Conversation.Traffic() {
        @Override
        public void read(long bytes) {}

        @Override
        public void written(long bytes) {}
    };

    @BeforeContainer
    static void lend() throws IOException {
        directory = Files.createTempDirectory("telepath-sftp-").toRealPath();
        lent = Files.createDirectory(directory.resolve("d"));
        Files.writeString(lent.resolve("f"), "lent");
        Files.createSymbolicLink(lent.resolve("l"), directory);
        Files.writeString(directory.resolve("s"), OUTSIDE);
        changed = Files.createDirectory(directory.resolve("w"));
        Files.createSymbolicLink(changed.resolve("l"), directory);
        Files.createSymbolicLink(changed.resolve("r"), Path.of("../d"));
    }

    @AfterContainer
    static void remove() throws IOException {
        try (var all = Files.walk(directory)) {
            for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private static byte[] converse(byte[] sent) {
        return converse(SharedPaths.of(List.of(lent), List.of(changed)), sent);
    }

    /** What is answered until the client's words end, or the connection for a cause. */
    static byte[] converse(SharedPaths paths, byte[] sent) {
        var out = new ByteArrayOutputStream();
        try (var conversation = new Conversation(
                new LentTree(paths), new DataInputStream(new ByteArrayInputStream(sent)), out, 8, NOBODY)) {
            conversation.begin();
            conversation.run();
        } catch (IOException e) {
            assertThat(e.getMessage()).as("tells why").isNotBlank();
        }
        return out.toByteArray();
    }

    @Property(tries = 500)
    void bytesOfAnyKindEndInAnAnswerOrInTheEndOfTheConnection(@ForAll byte[] sent) {
        converse(sent);
        converse(greeted(sent));
    }

    @Property(tries = 500)
    void packetsOfAnyTypeAndBodyAreAnsweredOnceEach(@ForAll("bodies") List<byte[]> bodies) throws IOException {
        var sent = new ByteArrayOutputStream();
        for (byte[] body : bodies) {
            new DataOutputStream(sent).writeInt(body.length);
            sent.write(body);
        }
        assertThat(packets(converse(greeted(sent.toByteArray())))).isEqualTo(bodies.size() + 1);
    }

    /** How many packets were answered, all of them whole. */
    static int packets(byte[] answered) {
        ByteBuffer answers = ByteBuffer.wrap(answered);
        int count = 0;
        for (; answers.hasRemaining(); count++) {
            int length = answers.getInt();
            assertThat(length).isBetween(5, Packet.MOST_BYTES);
            answers.position(answers.position() + length);
        }
        return count;
    }

    @Property(tries = 500)
    void noPathOfDotsLinksAndNamesLeadsOut(@ForAll("paths") String path) throws IOException {
        var sent = new ByteArrayOutputStream();
        var fields = new DataOutputStream(sent);
        byte[] name = (directory + path).getBytes(StandardCharsets.UTF_8);
        for (int type : new int[] {Code.OPEN, Code.OPENDIR, Code.READLINK}) {
            fields.writeInt(13 + name.length);
            fields.writeByte(type);
            fields.writeInt(1);
            fields.writeInt(name.length);
            fields.write(name);
            fields.writeInt(1);
        }
        for (int handle = 0; handle < 2; handle++) {
            fields.write(ByteBuffer.allocate(26)
                    .putInt(22)
                    .put((byte) Code.READ)
                    .putInt(2)
                    .putInt(1)
                    .put((byte) ('0' + handle))
                    .putLong(0)
                    .putInt(100)
                    .array());
        }
        assertThat(new String(converse(greeted(sent.toByteArray())), StandardCharsets.ISO_8859_1))
                .doesNotContain(OUTSIDE);
    }

    /** Whatever is changed, with paths and links of any kind, only the one directory that is lent for it changes. */
    @Property(tries = 500)
    void noChangeLeadsOut(@ForAll("changes") List<byte[]> bodies) throws IOException {
        var sent = new ByteArrayOutputStream();
        for (byte[] body : bodies) {
            new DataOutputStream(sent).writeInt(body.length);
            sent.write(body);
        }
        converse(greeted(sent.toByteArray()));
        try (var names = Files.list(directory)) {
            assertThat(names.map(each -> each.getFileName().toString()).sorted())
                    .containsExactly("d", "s", "w");
        }
        try (var names = Files.list(lent)) {
            assertThat(names.map(each -> each.getFileName().toString()).sorted())
                    .containsExactly("f", "l");
        }
        assertThat(directory.resolve("s")).hasContent(OUTSIDE);
        assertThat(lent.resolve("f")).hasContent("lent");
    }

    private static byte[] greeted(byte[] rest) {
        return ByteBuffer.allocate(9 + rest.length)
                .putInt(5)
                .put((byte) Code.INIT)
                .putInt(3)
                .put(rest)
                .array();
    }

    @Provide
    Arbitrary<List<byte[]>> bodies() {
        return Arbitraries.bytes()
                .array(byte[].class)
                .ofMinSize(5)
                .ofMaxSize(60)
                .list()
                .ofMaxSize(8);
    }

    /** Requests that change something, most of them below the directory where that may be. */
    @Provide
    Arbitrary<List<byte[]>> changes() {
        Arbitrary<String> path = Arbitraries.of("..", ".", "l", "r", "d", "s", "f", "a", "b", "w")
                .list()
                .ofMaxSize(4)
                .map(parts -> directory + "/w/" + String.join("/", parts));
        Arbitrary<String> target =
                Arbitraries.oneOf(path, Arbitraries.of("..", "../..", "../d/f", "a", "b/../..", "/", "../w/a", "l/s"));
        Arbitrary<byte[]> two = Combinators.combine(
                        Arbitraries.of(Code.RENAME, Code.SYMLINK), Arbitraries.oneOf(path, target), path)
                .as((type, from, to) -> body(type, "", from, to, 0));
        Arbitrary<byte[]> extended =
                Combinators.combine(path, path).as((from, to) -> body(Code.EXTENDED, Code.POSIX_RENAME, from, to, 0));
        Arbitrary<byte[]> opened = Combinators.combine(
                        path, Arbitraries.integers().between(0, 63))
                .as((file, flags) -> body(Code.OPEN, "", file, "", flags));
        Arbitrary<byte[]> one = Combinators.combine(
                        Arbitraries.of(Code.MKDIR, Code.RMDIR, Code.REMOVE, Code.SETSTAT), path)
                .as((type, name) -> body(type, "", name, "", 0));
        Arbitrary<byte[]> written = Arbitraries.integers()
                .between(0, 3)
                .map(handle -> ByteBuffer.allocate(23)
                        .put((byte) Code.WRITE)
                        .putInt(1)
                        .putInt(1)
                        .put((byte) ('0' + handle))
                        .putLong(0)
                        .putInt(1)
                        .put((byte) 'x')
                        .array());
        return Arbitraries.oneOf(two, extended, opened, one, written).list().ofMaxSize(12);
    }

    private static byte[] body(int type, String extension, String first, String second, int flags) {
        var bytes = new ByteArrayOutputStream();
        var fields = new DataOutputStream(bytes);
        try {
            fields.writeByte(type);
            fields.writeInt(1);
            for (String text : List.of(extension, first, second)) {
                if (!text.isEmpty()) {
                    byte[] written = text.getBytes(StandardCharsets.UTF_8);
                    fields.writeInt(written.length);
                    fields.write(written);
                }
            }
            if (type != Code.RENAME && type != Code.SYMLINK && type != Code.EXTENDED) {
                fields.writeInt(flags);
                fields.writeInt(0);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    @Provide
    Arbitrary<String> paths() {
        return Arbitraries.of("..", ".", "d", "l", "s", "f", "", "\0", "…")
                .list()
                .ofMaxSize(7)
                .map(parts -> "/" + String.join("/", parts));
    }
}
