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
            assertThat(review.getMountsMap()).containsExactly(Map.entry(lent.toString(), 1));
            assertThat(review.getEnvironmentMap()).containsEntry("TELEPRESENCE_MOUNTS", lent.toString());
        }
    }

    @Test
    void whatMayBeWrittenAndWhatClientsKeepToThemselvesIsToldToAllWhoMayKnow() throws Exception {
        String writable = lent.resolve("data").toString();
        try (var rig = rig(Map.of("sftp-open", "true", "share-writable", writable, "share-local", "/tmp"))) {
            var share = rig.manager.offers.getFirst().getShare();
            assertThat(share.getPathsList()).containsExactly(lent.toString(), writable);
            assertThat(share.getWritablePathsList()).containsExactly(writable);
            assertThat(share.getLocalPathsList()).containsExactly("/tmp");
            var review = rig.manager.reviews.getFirst();
            assertThat(review.getMountsMap())
                    .containsOnly(Map.entry(lent.toString(), 1), Map.entry(writable, 0), Map.entry("/tmp", 2));
            assertThat(review.getEnvironmentMap())
                    .containsEntry("TELEPRESENCE_MOUNTS", lent + ":" + writable)
                    .containsEntry("TELEPRESENCE_LOCAL_MOUNTS", "/tmp");
        }
    }

    @Test
    void withoutSftpNobodyIsTold() throws Exception {
        try (var rig = rig(Map.of("sftp", "false"))) {
            assertThat(rig.manager.offers.getFirst().getShare().getSftpPort()).isZero();
        }
    }
}
