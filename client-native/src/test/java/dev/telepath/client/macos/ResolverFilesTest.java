package dev.telepath.client.macos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
@Timeout(30)
class ResolverFilesTest {
    /** No system gives so high a number to a process. */
    private static final ResolverOwner DEAD = new ResolverOwner(999_999_999_999L, 1);

    @TempDir
    Path scratch;

    private Path folder;

    @BeforeEach
    void begin() {
        folder = scratch.resolve("resolver");
    }

    @Test
    void aFileTellsWhoIsAskedForTheNamesUnderADomain() {
        assertThat(ResolverFiles.text(
                        new ResolverOwner(12, 34), "cluster.local", List.of("web.svc.cluster.local", "svc"), 5353))
                .isEqualTo("""
                        # of tp, process 12 since 34; goes with it
                        domain cluster.local
                        nameserver 127.0.0.1
                        port 5353
                        search_order 1
                        search web.svc.cluster.local svc
                        """);
    }

    @Test
    void filesFollowTheDomainsAndGoAtTheEndWithTheFolder() throws IOException {
        try (var files = new ResolverFiles(folder)) {
            assertThat(files.set(List.of("cluster.local", "svc"), List.of("a.b"), 53))
                    .isEmpty();
            assertThat(names()).containsExactly("telepath-cluster.local", "telepath-svc");
            assertThat(folder.resolve("telepath-cluster.local")).content().contains("search a.b\n");
            assertThat(folder.resolve("telepath-svc")).content().doesNotContain("search a.b\n");

            assertThat(files.set(List.of("cluster.local", "shop"), List.of(), 54))
                    .isEmpty();
            assertThat(names()).containsExactly("telepath-cluster.local", "telepath-shop");
            assertThat(folder.resolve("telepath-cluster.local")).content().contains("port 54\n");
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void filesAndFoldersOfOthersStay() throws IOException {
        Files.createDirectory(folder);
        Files.writeString(folder.resolve("corp.example"), "nameserver 192.0.2.1\n");
        Files.writeString(folder.resolve("telepath-svc"), "nameserver 192.0.2.1\n");
        try (var files = new ResolverFiles(folder)) {
            assertThat(files.set(List.of("cluster.local", "svc"), List.of(), 53))
                    .singleElement()
                    .asString()
                    .contains("svc", "of another process");
        }
        assertThat(names()).containsExactly("corp.example", "telepath-svc");
        assertThat(folder.resolve("telepath-svc")).content().isEqualTo("nameserver 192.0.2.1\n");
    }

    @Test
    void whatADeadProcessLeftGoesAndWhatALivingOneHasStays() throws IOException {
        Files.createDirectory(folder);
        Files.writeString(folder.resolve("telepath-old"), ResolverFiles.text(DEAD, "old", List.of(), 53));
        ResolverOwner later = new ResolverOwner(ResolverOwner.self().pid(), 1);
        Files.writeString(folder.resolve("telepath-later"), ResolverFiles.text(later, "later", List.of(), 53));
        Files.writeString(
                folder.resolve("telepath-live"), ResolverFiles.text(ResolverOwner.self(), "live", List.of(), 53));
        new ResolverFiles(folder, new ResolverOwner(1, 2)).close();
        assertThat(names()).containsExactly("telepath-live");
    }

    @Test
    void theFilesOfAProcessThatDiesGoThoughItDoesNothing() throws IOException {
        Files.createDirectory(folder);
        Files.writeString(folder.resolve("corp.example"), "nameserver 192.0.2.1\n");
        Files.writeString(folder.resolve("telepath-mine"), ResolverFiles.text(DEAD, "mine", List.of(), 53));
        ResolverOwner other = new ResolverOwner(7, 8);
        Files.writeString(folder.resolve("telepath-other"), ResolverFiles.text(other, "other", List.of(), 53));
        ResolverKeeper keeper = ResolverKeeper.start(folder, DEAD, false);
        assertThat(keeper.process().isAlive()).isTrue();
        // What is done here the system does when a process is gone: it closes what that had open.
        keeper.release();
        await().until(() -> !keeper.process().isAlive());
        assertThat(names()).containsExactly("corp.example", "telepath-other");
    }

    @Test
    void aKeeperIsNotEndedByWhatEndsTheProcess() throws IOException {
        Files.createDirectory(folder);
        Files.writeString(folder.resolve("telepath-mine"), ResolverFiles.text(DEAD, "mine", List.of(), 53));
        try (var keeper = ResolverKeeper.start(folder, DEAD, false)) {
            // It waits for its child once it is ready.
            await().until(() -> keeper.process().children().findAny().isPresent());
            keeper.process().toHandle().destroy();
            assertThat(names()).containsExactly("telepath-mine");
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void aRecordIsReadAsItWasWritten() {
        ResolverOwner self = ResolverOwner.self();
        assertThat(ResolverOwner.of(self.line())).hasValue(self);
        assertThat(self.isAlive()).isTrue();
        assertThat(DEAD.isAlive()).isFalse();
        assertThat(ResolverOwner.of("# of tp, process x since 1; goes with it")).isEmpty();
        assertThat(ResolverOwner.of("nameserver 192.0.2.1")).isEmpty();
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
