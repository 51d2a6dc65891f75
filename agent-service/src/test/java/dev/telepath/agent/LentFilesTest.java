package dev.telepath.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is told of the port that lent files are served at. */
class LentFilesTest {
    @TempDir
    Path lent;

    private AgentRig rig(Map<String, String> more) throws Exception {
        var settings = new java.util.HashMap<>(more);
        settings.put("share", lent.toString());
        var rig = new AgentRig(Set.of(), settings);
        await().untilAsserted(() -> assertThat(rig.manager.offers).isNotEmpty());
        rig.manager.put(FakeManager.waiting("one", rig.local.port(), false));
        await().untilAsserted(() -> assertThat(rig.manager.reviews).isNotEmpty());
        return rig;
    }

    @Test
    void withoutFurtherWordOnlyTheOfferTellsIt() throws Exception {
        try (var rig = rig(Map.of())) {
            assertThat(rig.manager.offers.getFirst().getShare().getSftpPort()).isPositive();
            assertThat(rig.manager.arrivals.getFirst().getSftpPort()).isZero();
            assertThat(rig.manager.reviews.getFirst().getSftpPort()).isZero();
            assertThat(rig.manager.reviews.getFirst().getMountPoint()).isEmpty();
        }
    }

    @Test
    void withSftpOpenThatWhichClientsOfTelepresenceReadTellsItToo() throws Exception {
        try (var rig = rig(Map.of("sftp-open", "true"))) {
            int port = rig.manager.offers.getFirst().getShare().getSftpPort();
            var arrival = rig.manager.arrivals.getFirst();
            assertThat(arrival.getSftpPort()).isEqualTo(port).isPositive();
            assertThat(arrival.getContainersOrThrow("web").getMountsMap()).containsOnlyKeys(lent.toString());
            var review = rig.manager.reviews.getFirst();
            assertThat(review.getSftpPort()).isEqualTo(port);
            assertThat(review.getMountPoint()).isEqualTo("/");
            assertThat(review.getMountsMap()).containsEntry(lent.toString(), 3);
        }
    }

    @Test
    void withoutSftpNobodyIsTold() throws Exception {
        try (var rig = rig(Map.of("sftp", "false"))) {
            assertThat(rig.manager.offers.getFirst().getShare().getSftpPort()).isZero();
        }
    }
}
