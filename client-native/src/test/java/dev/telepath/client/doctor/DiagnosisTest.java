package dev.telepath.client.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.telepath.client.config.Settings;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.home.DaemonHome;
import dev.telepath.client.kubernetes.KubeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagnosisTest {
    private static final ClusterFlags NO_CLUSTER = new ClusterFlags(
            false, new KubeOptions(List.of(), false, "", "", "", "", List.of(), "", "", "", false, ""));

    @Test
    void aCheckWhoseGroundIsMissingIsSkippedAndSaysWhichOne() {
        List<String> told = new ArrayList<>();

        Diagnosis diagnosis = Diagnosis.run(
                List.of(
                        Check.of("A", "first", () -> new Outcome.Failed("broken", "mend it")),
                        Check.of("B", "second", () -> new Outcome.Passed("never"), "A"),
                        Check.of("C", "third", () -> new Outcome.Passed("never"), "B"),
                        Check.of("D", "fourth", () -> new Outcome.Warned("odd", "look")),
                        Check.of("E", "fifth", () -> new Outcome.Passed("fine"), "D")),
                finding ->
                        told.add(finding.check().id() + " " + finding.outcome().word()));

        assertThat(told).containsExactly("A failed", "B skipped", "C skipped", "D warned", "E passed");
        assertThat(diagnosis.findings().get(1).outcome().detail()).isEqualTo("needs A");
        assertThat(diagnosis.sound()).isFalse();
        assertThat(diagnosis.toJson().path("checks").path(0).path("fix").asText())
                .isEqualTo("mend it");
        assertThat(diagnosis.toJson().path("checks").path(4).has("fix")).isFalse();
    }

    @Test
    void aFailureOfTheProbeIsItsFindingWithTheHintAsFix() {
        Diagnosis diagnosis = Diagnosis.run(
                List.of(
                        Check.of("A", "typed", () -> {
                            throw new Failure(Kind.DENIED, "not you", "ask");
                        }),
                        Check.of("B", "a defect", () -> {
                            throw new IllegalStateException("oops");
                        })),
                finding -> {});

        assertThat(diagnosis.findings().get(0).outcome()).isEqualTo(new Outcome.Failed("not you", "ask"));
        assertThat(diagnosis.findings().get(1).outcome().detail()).contains("oops");
    }

    @Test
    void everyCheckHasAnIdOfItsOwnThatTheDocumentationLists(@TempDir Path folder) throws Exception {
        Settings settings = Settings.resolve(Map.of(), Map.of(), Optional.empty());
        List<String> ids = Doctor.examine(settings, new DaemonHome(folder.resolve("home")), NO_CLUSTER, finding -> {})
                .findings()
                .stream()
                .map(each -> each.check().id())
                .toList();

        assertThat(ids).doesNotHaveDuplicates().isSorted();
        String documented = Files.readString(Path.of("..", "docs", "doctor.md"));
        assertThat(ids).allSatisfy(id -> assertThat(documented).contains("| " + id + " |"));
    }

    @Test
    void withoutADaemonOnlyWhatThisMachineTellsIsLookedAt(@TempDir Path folder) {
        Settings settings = Settings.resolve(Map.of(), Map.of(), Optional.empty());

        Diagnosis diagnosis =
                Doctor.examine(settings, new DaemonHome(folder.resolve("home")), NO_CLUSTER, finding -> {});

        assertThat(diagnosis.findings().getFirst().outcome()).isInstanceOf(Outcome.Passed.class);
        assertThat(diagnosis.findings())
                .filteredOn(each -> each.outcome() instanceof Outcome.Failed)
                .extracting(each -> each.check().id())
                .containsExactly("TP-102", "TP-201");
    }
}
