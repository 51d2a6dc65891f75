package dev.telepath.client.kubernetes.install;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TroubleTest {
    private static final ObjectMapper YAML = new YAMLMapper();

    private static JsonNode pod(String status) throws Exception {
        return YAML.readTree("{metadata: {name: telepath-manager-0}, status: {phase: Pending, containerStatuses: ["
                + status + "]}}");
    }

    private static Optional<Trouble> of(String status) throws Exception {
        return Trouble.of(List.of(pod(status)), List.of());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ErrImagePull | not found | the image r/m:1 cannot be had: not found",
                "ImagePullBackOff | '' | the image r/m:1 cannot be had: ImagePullBackOff",
                "ErrImageNeverPull | not present | the image r/m:1 cannot be had: not present",
                "CreateContainerConfigError | no Secret | cannot be started: CreateContainerConfigError: no Secret"
            })
    void aContainerThatCannotStartIsToldWithTheKubeletsWords(String reason, String message, String told)
            throws Exception {
        Optional<Trouble> trouble =
                of("{image: 'r/m:1', state: {waiting: {reason: " + reason + ", message: '" + message + "'}}}");
        assertThat(trouble).hasValueSatisfying(each -> assertThat(each.cause()).contains(told));
    }

    @Test
    void aManagerThatEndsAgainAndAgainIsToldWithItsExitCodeAndItsLog() throws Exception {
        Optional<Trouble> trouble = of(
                "{state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 3, reason: Error}}}");
        assertThat(trouble).hasValueSatisfying(each -> {
            assertThat(each.cause()).contains("exit code 3");
            assertThat(each.crashed()).isEqualTo("telepath-manager-0");
        });
        assertThat(of("{state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: OOMKilled}}}"))
                .hasValueSatisfying(each -> assertThat(each.hint()).contains("resources.limits.memory"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "FailedCreate | pods x is forbidden: exceeded quota: few | a quota of the namespace",
                "FailedCreate | pods x is forbidden: violates PodSecurity restricted:latest | the pod security level",
                "FailedCreate | admission webhook w denied the request: no | an admission webhook refuses",
                "FailedCreate | error looking up service account | cannot be made",
                "FailedMount | MountVolume.SetUp failed: secret own not found | a volume of the manager"
            })
    void aPodThatIsNotMadeIsToldFromTheEvents(String reason, String message, String told) throws Exception {
        JsonNode event = YAML.readTree("{reason: " + reason + ", message: '" + message + "'}");
        assertThat(Trouble.of(List.of(), List.of(event)))
                .hasValueSatisfying(
                        each -> assertThat(each.cause()).contains(told).contains(message));
    }

    @Test
    void aRefusalOfBeforeIsNoneOnceThereIsAPod() throws Exception {
        JsonNode event = YAML.readTree("{reason: FailedCreate, message: exceeded quota}");
        assertThat(Trouble.of(List.of(pod("{state: {running: {}}}")), List.of(event)))
                .isEmpty();
    }

    @Test
    void whatMendsItselfIsProgress() throws Exception {
        for (String status : List.of(
                "{state: {waiting: {reason: ContainerCreating}}}",
                "{state: {running: {}}}",
                "{state: {running: {}}, lastState: {terminated: {exitCode: 1}}}")) {
            assertThat(of(status)).isEmpty();
        }
        assertThat(Trouble.of(List.of(), List.of(YAML.readTree("{reason: Unhealthy, message: not ready}"))))
                .isEmpty();
        assertThat(Trouble.progress(List.of())).isEqualTo("no pod was made yet");
        assertThat(Trouble.progress(List.of(pod("{state: {running: {}}}"))))
                .isEqualTo("pod telepath-manager-0 runs and is not ready");
        assertThat(Trouble.progress(List.of(YAML.readTree(
                        "{metadata: {name: p}, status: {conditions: [{type: PodScheduled, reason: Unschedulable,"
                                + " message: 0/1 nodes are available}]}}"))))
                .isEqualTo("no node takes pod p: 0/1 nodes are available");
    }
}
