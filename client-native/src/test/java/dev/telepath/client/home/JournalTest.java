package dev.telepath.client.home;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JournalTest {
    private static final Journal.OpenSession SESSION =
            new Journal.OpenSession("https://m:1", "default", "me@here", "s1");

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("journal.json");
    }

    private static JsonNode engagement(String name) {
        return new ObjectMapper().createObjectNode().put("name", name);
    }

    @Test
    void theNextDaemonFindsWhatTheLastOneHad() throws IOException {
        var journal = new Journal(file());
        String installation = journal.installId();
        journal.opened(SESSION);
        journal.engaged(List.of(engagement("web")));
        journal.listens(4711);

        var next = new Journal(file());

        assertThat(next.installId()).isEqualTo(installation);
        assertThat(next.leftOver()).contains(SESSION);
        assertThat(next.engagements()).containsExactly(engagement("web"));
        assertThat(next.proxyPort()).isEqualTo(4711);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file());
        }
    }

    @Test
    void aSessionThatIsReplacedAtTheSameManagerKeepsItsEngagements() {
        var journal = new Journal(file());
        journal.opened(SESSION);
        journal.engaged(List.of(engagement("web")));

        journal.opened(new Journal.OpenSession("https://m:1", "default", "me@here", "s2"));
        assertThat(journal.engagements()).hasSize(1);

        journal.opened(new Journal.OpenSession("https://other:1", "default", "me@here", "s3"));
        assertThat(journal.engagements()).isEmpty();
    }

    @Test
    void whatTheUserEndedIsNotFoundAgain() {
        var journal = new Journal(file());
        journal.opened(SESSION);
        journal.engaged(List.of(engagement("web")));

        journal.abandoned();
        journal.engaged(List.of(engagement("web")));

        assertThat(new Journal(file()).leftOver())
                .hasValueSatisfying(left -> assertThat(left.abandoned()).isTrue());
        assertThat(new Journal(file()).engagements()).isEmpty();
        journal.ended();
        journal.engaged(List.of(engagement("web")));
        assertThat(new Journal(file()).leftOver()).isEmpty();
        assertThat(new Journal(file()).engagements()).isEmpty();
    }

    @Test
    void noMoreEngagementsAreKeptThanTheMost() {
        var journal = new Journal(file());
        journal.opened(SESSION);

        journal.engaged(Collections.nCopies(Journal.MOST_ENGAGEMENTS + 1, engagement("web")));

        assertThat(new Journal(file()).engagements()).hasSize(Journal.MOST_ENGAGEMENTS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"session\":", "[1,2]", "{\"session\":7,\"engagements\":\"x\",\"proxy-port\":-1}"})
    void aBrokenJournalIsBegunAnew(String text) throws IOException {
        Files.writeString(file(), text);

        var journal = new Journal(file());

        assertThat(journal.leftOver()).isEmpty();
        assertThat(journal.engagements()).isEmpty();
        assertThat(journal.proxyPort()).isZero();
        journal.opened(SESSION);
        assertThat(new Journal(file()).leftOver()).contains(SESSION);
    }

    @Test
    void aJournalThatIsTooLargeIsNotRead() throws IOException {
        Files.writeString(file(), "{\"session\":{\"id\":\"" + "x".repeat(1 << 20) + "\"}}");

        assertThat(new Journal(file()).leftOver()).isEmpty();
    }

    @Test
    void mountsAreKnownToTheNextDaemonHoweverTheSessionEnded() {
        var mounts =
                List.of(new Journal.Mount("/tmp/telepath-mount-1", true), new Journal.Mount("/home/me/files", false));
        new Journal(file()).mounted(mounts);

        new Journal(file()).ended();

        assertThat(new Journal(file()).mounts()).isEqualTo(mounts);
    }
}
