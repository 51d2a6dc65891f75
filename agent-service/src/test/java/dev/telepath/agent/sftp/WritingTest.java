package dev.telepath.agent.sftp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.sftp.SftpClient.Reply;
import dev.telepath.agent.share.SharedPaths;
import dev.telepath.tunnel.bridge.Credit;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where clients may change what is lent: that they can, and that nothing else changes. */
@Timeout(60)
class WritingTest {
    private static final int OK = 0;
    private static final int MISSING = 2;
    private static final int DENIED = 3;
    private static final int FAILED = 4;
    private static final int MAKE = Code.OPEN_WRITE | Code.OPEN_CREATE;

    @TempDir
    Path directory;

    private Path data;
    private Path config;
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private SftpServer server;
    private SftpClient client;

    @BeforeEach
    void start() throws IOException {
        directory = directory.toRealPath();
        data = Files.createDirectories(directory.resolve("var/data"));
        config = Files.createDirectories(data.resolve("config"));
        Files.writeString(config.resolve("app.yaml"), "as it was");
        Files.writeString(directory.resolve("var/secret"), "outside");
        Files.writeString(data.resolve("note"), "a note");
        server = SftpServer.start(
                SharedPaths.of(List.of(config), List.of(data)),
                "token",
                new SftpServer.Rules(8, 8, false),
                new AgentMetrics(metrics, new Credit(1, 1)));
        client = connect();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
    }

    private SftpClient connect() throws IOException {
        return SftpClient.connect(server.port(), "token");
    }

    private String at(String name) {
        return data + "/" + name;
    }

    @Test
    void aFileIsMadeWrittenAndReadOverOneHandle() throws IOException {
        byte[] handle = client.ask(
                        Code.OPEN, at("fresh"), MAKE | Code.OPEN_READ | Code.OPEN_EXCLUSIVE, Code.HAS_PERMISSIONS, 0640)
                .handle();
        assertThat(client.write(handle, 3, "def").status()).isEqualTo(OK);
        assertThat(client.write(handle, 0, "abc").status()).isEqualTo(OK);
        assertThat(client.read(handle, 0, 100).data()).isEqualTo("abcdef");
        assertThat(client.ask(Code.EXTENDED, Code.FSYNC, handle).status()).isEqualTo(OK);
        assertThat(client.write(handle, -1, "x").status()).isEqualTo(FAILED);
        client.close(handle);

        assertThat(data.resolve("fresh")).hasContent("abcdef");
        assertThat(Files.getPosixFilePermissions(data.resolve("fresh")))
                .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
        assertThat(client.open(at("fresh"), MAKE | Code.OPEN_EXCLUSIVE).status())
                .isEqualTo(FAILED);
        assertThat(metrics.get("telepath.sftp.written.bytes").counter().count()).isEqualTo(6);
    }

    @Test
    void anOpenFileStaysWhatItIsWhenItsNameGoes() throws IOException {
        byte[] handle =
                client.open(at("note"), Code.OPEN_READ | Code.OPEN_WRITE).handle();
        assertThat(client.ask(Code.RENAME, at("note"), at("other")).status()).isEqualTo(OK);
        client.put(at("note"), "another file");

        assertThat(client.ask(Code.FSETSTAT, handle, Code.HAS_SIZE | Code.HAS_TIMES, 9L, 5, 7)
                        .status())
                .isEqualTo(OK);
        assertThat(client.status(Code.REMOVE, at("other"))).isEqualTo(OK);
        assertThat(client.write(handle, 6, "...").status()).isEqualTo(OK);
        assertThat(client.read(handle, 0, 100).data()).isEqualTo("a note...");
        assertThat(client.ask(Code.FSTAT, handle).type()).isEqualTo(Code.ATTRS);
        assertThat(data.resolve("note")).hasContent("another file");
    }

    @Test
    void aFileIsOpenedForWhatItsFlagsSay() throws IOException {
        byte[] reading = client.open(at("note"), Code.OPEN_READ).handle();
        byte[] writing = client.open(at("note"), Code.OPEN_WRITE).handle();
        assertThat(client.write(reading, 0, "x").status()).isEqualTo(DENIED);
        assertThat(client.read(writing, 0, 1).status()).isEqualTo(DENIED);
        assertThat(client.open(at("none"), Code.OPEN_WRITE).status()).isEqualTo(MISSING);
        byte[] made = client.open(at("none"), Code.OPEN_READ | Code.OPEN_CREATE).handle();
        assertThat(client.read(made, 0, 1).status()).isEqualTo(1);
        byte[] emptied =
                client.open(at("note"), Code.OPEN_WRITE | Code.OPEN_TRUNCATE).handle();
        assertThat(client.ask(Code.FSTAT, emptied).type()).isEqualTo(Code.ATTRS);
        assertThat(data.resolve("note")).isEmptyFile();
        assertThat(client.open(at("config"), Code.OPEN_WRITE).status()).isEqualTo(DENIED);
        assertThat(client.open(data.toString(), MAKE).status()).isEqualTo(FAILED);
    }

    @Test
    void foldersComeAndGoAndOnlyEmptyOnes() throws IOException {
        assertThat(client.ask(Code.MKDIR, at("a"), Code.HAS_PERMISSIONS, 0700).status())
                .isEqualTo(OK);
        assertThat(client.status(Code.MKDIR, at("a"))).isEqualTo(FAILED);
        client.put(at("a/b"), "x");
        assertThat(client.status(Code.RMDIR, at("a"))).isEqualTo(FAILED);
        assertThat(client.status(Code.RMDIR, at("a/b"))).isEqualTo(FAILED);
        assertThat(client.status(Code.REMOVE, at("a"))).isEqualTo(FAILED);
        assertThat(client.status(Code.REMOVE, at("a/b"))).isEqualTo(OK);
        assertThat(client.status(Code.RMDIR, at("a"))).isEqualTo(OK);
        assertThat(data.resolve("a")).doesNotExist();
    }

    @Test
    void aRenameReplacesOnlyWhereThatIsAsked() throws IOException {
        client.put(at("next"), "new");
        assertThat(client.ask(Code.RENAME, at("next"), at("note")).status()).isEqualTo(FAILED);
        assertThat(client.ask(Code.EXTENDED, Code.POSIX_RENAME, at("next"), at("note"))
                        .status())
                .isEqualTo(OK);
        assertThat(data.resolve("note")).hasContent("new");
        assertThat(data.resolve("next")).doesNotExist();
    }

    @Test
    void ofTwoThatTakeOneNameAtOnceOneIsRefusedAndNothingIsLost() throws Exception {
        try (SftpClient other = connect();
                ExecutorService both = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < 200; round++) {
                client.put(at("mine"), "mine");
                client.put(at("theirs"), "theirs");
                var start = new CyclicBarrier(2);
                var mine = both.submit(() -> renamed(start, client, "mine"));
                var theirs = both.submit(() -> renamed(start, other, "theirs"));
                assertThat(List.of(mine.get(), theirs.get())).containsExactlyInAnyOrder(OK, FAILED);
                assertThat(data.resolve("taken")).hasContent(mine.get() == OK ? "mine" : "theirs");
                String refused = mine.get() == OK ? "theirs" : "mine";
                assertThat(data.resolve(refused)).hasContent(refused);
                Files.delete(data.resolve("taken"));
            }
        }
    }

    private int renamed(CyclicBarrier start, SftpClient who, String from) throws Exception {
        start.await();
        return who.ask(Code.RENAME, at(from), at("taken")).status();
    }

    @Test
    void attributesAreSetButTheOwner() throws IOException {
        assertThat(client.ask(
                                Code.SETSTAT,
                                at("note"),
                                Code.HAS_SIZE | Code.HAS_PERMISSIONS | Code.HAS_TIMES,
                                3L,
                                0104755,
                                1_000_000_000,
                                1_100_000_000)
                        .status())
                .isEqualTo(OK);
        Path note = data.resolve("note");
        assertThat(note).hasContent("a n");
        assertThat(Files.getAttribute(note, "unix:mode")).isEqualTo(0100755);
        assertThat(Files.getLastModifiedTime(note)).isEqualTo(FileTime.from(1_100_000_000, TimeUnit.SECONDS));
        int user = (int) Files.getAttribute(note, "unix:uid");
        int group = (int) Files.getAttribute(note, "unix:gid");
        assertThat(client.ask(Code.SETSTAT, at("note"), Code.HAS_OWNER, user, group)
                        .status())
                .isEqualTo(OK);
        assertThat(client.ask(Code.SETSTAT, at("note"), Code.HAS_SIZE | Code.HAS_OWNER, 0L, user + 1, group)
                        .status())
                .isEqualTo(DENIED);
        assertThat(note).hasContent("a n");
        assertThat(client.ask(Code.SETSTAT, at("note"), Code.HAS_SIZE, -1L).status())
                .isEqualTo(FAILED);
    }

    @Test
    void aLinkIsMadeOnlyIfItLeadsIntoWhatIsLent() throws IOException {
        assertThat(client.ask(Code.SYMLINK, "note", at("same")).status()).isEqualTo(OK);
        assertThat(client.readAll(at("same"))).isEqualTo("a note");
        assertThat(client.ask(Code.SYMLINK, "config/app.yaml", at("conf")).status())
                .isEqualTo(OK);
        assertThat(client.ask(Code.SYMLINK, "later", at("early")).status()).isEqualTo(OK);
        assertThat(client.link(at("early"))).isEqualTo("later");
        assertThat(client.list(data.toString())).contains("early");
        for (String out : List.of("../secret", "/etc/passwd", "..", "", "config/../../secret", "a\0b")) {
            assertThat(client.ask(Code.SYMLINK, out, at("out")).status())
                    .as(out)
                    .isIn(DENIED, FAILED);
        }
        // A link may lead to what is read-only, and does not make it less so.
        assertThat(client.open(at("conf"), Code.OPEN_WRITE).status()).isEqualTo(DENIED);
        assertThat(client.ask(Code.SETSTAT, at("conf"), Code.HAS_SIZE, 0L).status())
                .isEqualTo(DENIED);
        assertThat(client.status(Code.REMOVE, at("conf"))).isEqualTo(OK);
        assertThat(config.resolve("app.yaml")).hasContent("as it was");
    }

    @Test
    void whatIsLentReadOnlyInsideStaysAndStaysWhereItIs() throws IOException {
        assertThat(client.open(at("config/app.yaml"), Code.OPEN_WRITE).status()).isEqualTo(DENIED);
        assertThat(client.open(at("config/fresh"), MAKE).status()).isEqualTo(DENIED);
        assertThat(client.status(Code.REMOVE, at("config/app.yaml"))).isEqualTo(DENIED);
        assertThat(client.status(Code.RMDIR, at("config"))).isEqualTo(DENIED);
        assertThat(client.ask(Code.RENAME, at("config"), at("moved")).status()).isEqualTo(DENIED);
        assertThat(client.ask(Code.RENAME, at("config/app.yaml"), at("moved")).status())
                .isEqualTo(DENIED);
        assertThat(client.ask(Code.RENAME, at("note"), at("config/note")).status())
                .isEqualTo(DENIED);
        assertThat(client.ask(Code.RENAME, data.toString(), at("within")).status())
                .isEqualTo(DENIED);
        byte[] reading = client.open(at("config/app.yaml"), Code.OPEN_READ).handle();
        assertThat(client.ask(Code.FSETSTAT, reading, Code.HAS_SIZE, 0L).status())
                .isEqualTo(DENIED);
        assertThat(config.resolve("app.yaml")).hasContent("as it was");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../secret", "out/secret", "up/secret", "../fresh", "out/fresh", "up/fresh"})
    void noPathOrLinkOfTheWorkloadLeadsAChangeOut(String name) throws IOException {
        Files.createSymbolicLink(data.resolve("out"), directory.resolve("var"));
        Files.createSymbolicLink(data.resolve("up"), Path.of(".."));
        Files.createSymbolicLink(data.resolve("dangling"), directory.resolve("var/made"));
        String path = at(name);
        assertThat(client.open(path, MAKE | Code.OPEN_TRUNCATE).status()).isIn(MISSING, DENIED);
        for (int type : new int[] {Code.SETSTAT, Code.REMOVE, Code.MKDIR, Code.RMDIR}) {
            assertThat(client.status(type, path)).isIn(MISSING, DENIED);
        }
        assertThat(client.ask(Code.RENAME, at("note"), path).status()).isIn(MISSING, DENIED);
        assertThat(client.ask(Code.SYMLINK, at("note"), path).status()).isIn(MISSING, DENIED);
        assertThat(client.open(at("dangling"), MAKE).status()).isEqualTo(FAILED);
        assertThat(directory.resolve("var/secret")).hasContent("outside");
        try (var names = Files.list(directory.resolve("var"))) {
            assertThat(names.map(each -> each.getFileName().toString())).containsExactlyInAnyOrder("data", "secret");
        }
    }

    /** One client exchanges a folder for a link that leads out, again and again, while another one works in it. */
    @Test
    void aLinkPutInTheWayMeanwhileLeadsNobodyOut() throws Exception {
        Files.createDirectories(data.resolve("folder"));
        Files.createSymbolicLink(data.resolve("trap"), directory.resolve("var"));
        var done = new AtomicBoolean();
        int made = 0;
        try (var others = Executors.newSingleThreadExecutor()) {
            Future<?> exchanging = others.submit(() -> {
                while (!done.get()) {
                    Files.move(data.resolve("folder"), data.resolve("aside"));
                    Files.move(data.resolve("trap"), data.resolve("folder"));
                    Files.move(data.resolve("folder"), data.resolve("trap"));
                    Files.move(data.resolve("aside"), data.resolve("folder"));
                }
                return null;
            });
            try {
                for (int round = 0; round < 1000 || made == 0; round++) {
                    String inside = at("folder/" + round);
                    made += client.open(inside, MAKE).type() == Code.HANDLE ? 1 : 0;
                    client.ask(Code.CLOSE, String.valueOf(made - 1));
                    client.status(Code.MKDIR, inside + "d");
                    client.ask(Code.SYMLINK, "x", inside + "l");
                    client.status(Code.REMOVE, at("folder/secret"));
                    Reply stolen = client.open(at("folder/secret"), Code.OPEN_READ | Code.OPEN_WRITE);
                    assertThat(stolen.type()).isEqualTo(Code.STATUS);
                }
            } finally {
                done.set(true);
                ended(exchanging);
            }
        }
        assertThat(made).isPositive();
        try (var names = Files.list(directory.resolve("var"))) {
            assertThat(names.map(each -> each.getFileName().toString())).containsExactlyInAnyOrder("data", "secret");
        }
    }

    private static void ended(Future<?> task) throws InterruptedException, ExecutionException {
        task.get();
    }

    @Test
    void twoWritersOfOneFileLoseNothingOfEachOther() throws Exception {
        int lines = 200;
        try (var other = connect();
                var threads = Executors.newFixedThreadPool(2)) {
            Future<?> first = threads.submit(() -> append(client, "one", lines));
            Future<?> second = threads.submit(() -> append(other, "two", lines));
            ended(first);
            ended(second);
            List<String> all = Files.readAllLines(data.resolve("log"));
            assertThat(all).hasSize(2 * lines).containsOnly("one", "two");
            assertThat(all.stream().filter("one"::equals)).hasSize(lines);

            byte[] here = client.open(at("halves"), MAKE).handle();
            byte[] there = other.open(at("halves"), MAKE).handle();
            assertThat(client.write(here, 0, "left ").status()).isEqualTo(OK);
            assertThat(other.write(there, 5, "right").status()).isEqualTo(OK);
            assertThat(data.resolve("halves")).hasContent("left right");
        }
    }

    private Void append(SftpClient with, String text, int times) throws IOException {
        byte[] handle = with.open(at("log"), Code.OPEN_READ | Code.OPEN_APPEND | Code.OPEN_CREATE)
                .handle();
        for (int i = 0; i < times; i++) {
            // Where the other one has written since is unknown to this one, which does not matter.
            if (with.write(handle, 0, text + "\n").status() != OK) {
                throw new IOException("not written");
            }
        }
        with.close(handle);
        return null;
    }

    @Test
    void permissionsSayWhatMayBeWritten() throws IOException {
        assertThat(mode(at("note")) & 0200).isEqualTo(0200);
        assertThat(mode(at("config/app.yaml")) & 0222).isZero();
        assertThat(mode(directory + "/var") & 0222).isZero();
        assertThat(client.list(data.toString())).containsExactlyInAnyOrder("config", "note");
    }

    private int mode(String path) throws IOException {
        var body = client.ask(Code.STAT, path).body();
        return body.getInt(4 + 8 + 4 + 4);
    }
}
