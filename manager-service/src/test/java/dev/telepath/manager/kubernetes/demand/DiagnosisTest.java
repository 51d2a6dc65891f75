package dev.telepath.manager.kubernetes.demand;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiagnosisTest {
    private final Diagnosis diagnosis = new Diagnosis("telepath-agent", "telepath-init", () -> "nobody called");

    private static PodBuilder pod(String... containers) {
        var pod = new PodBuilder()
                .withNewMetadata()
                .withName("web-1")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .withNewStatus()
                .withPhase("Pending")
                .endStatus();
        for (String name : containers) {
            pod.editSpec().addNewContainer().withName(name).endContainer().endSpec();
        }
        return pod;
    }

    private static Pod with(ContainerStatus status) {
        return pod("app", "telepath-agent")
                .editStatus()
                .withContainerStatuses(status)
                .endStatus()
                .build();
    }

    private static ContainerStatus waiting(String container, String reason, String message) {
        return new ContainerStatusBuilder()
                .withName(container)
                .withImage("agent:9")
                .withReady(false)
                .withState(new ContainerStateBuilder()
                        .withNewWaiting(message, reason)
                        .build())
                .build();
    }

    private Optional<String> of(Pod pod) {
        return diagnosis.cause(List.of(pod), List.of(), Optional.empty());
    }

    private Optional<String> of(Event event) {
        return diagnosis.cause(List.of(), List.of(event), Optional.empty());
    }

    private static Event refused(String message) {
        return new EventBuilder()
                .withReason("FailedCreate")
                .withMessage(message)
                .build();
    }

    @Test
    void whileAllGoesWellThereIsNoCause() {
        assertThat(of(with(waiting("telepath-agent", "ContainerCreating", "")))).isEmpty();
        assertThat(diagnosis.progress(List.of(with(waiting("telepath-agent", "ContainerCreating", "")))))
                .contains("web-1", "telepath-agent", "ContainerCreating");
        assertThat(diagnosis.cause(List.of(), List.of(), Optional.empty())).isEmpty();
    }

    @Test
    void aPodWithoutTheAgentMeansThatTheWebhookWasNotCalled() {
        assertThat(of(pod("app").build()))
                .hasValueSatisfying(text -> assertThat(text).contains("web-1", "without an agent", "nobody called"));
    }

    @ParameterizedTest
    @CsvSource({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
    void anImageThatCannotBePulledIsNamed(String reason) {
        assertThat(of(with(waiting("telepath-agent", reason, "not\nfound"))))
                .hasValueSatisfying(text -> assertThat(text).contains("agent:9", reason, "not found"));
    }

    @Test
    void aContainerThatCannotBeStartedIsNamed() {
        assertThat(of(with(waiting("app", "CreateContainerConfigError", "secret \"x\" not found"))))
                .hasValueSatisfying(text -> assertThat(text).contains("container app", "secret \"x\" not found"));
    }

    @Test
    void aCrashOfTheAgentIsToldAtTheFirstTimeAndOneOfTheWorkloadWhenItLoops() {
        var crashed = new ContainerStatusBuilder()
                .withName("telepath-agent")
                .withReady(false)
                .withNewState()
                .withNewTerminated()
                .withExitCode(2)
                .withReason("Error")
                .withMessage("wrong setting")
                .endTerminated()
                .endState();
        assertThat(of(with(crashed.build())))
                .hasValueSatisfying(text -> assertThat(text).contains("exit code 2", "wrong setting"));
        assertThat(of(with(crashed.withName("app").build()))).isEmpty();
        var looping = new ContainerStatusBuilder(waiting("app", "CrashLoopBackOff", "back-off"))
                .withNewLastState()
                .withNewTerminated()
                .withExitCode(1)
                .endTerminated()
                .endLastState()
                .build();
        assertThat(of(with(looping)))
                .hasValueSatisfying(text -> assertThat(text).contains("app", "exit code 1"));
    }

    @Test
    void anAgentThatDoesNotGetReadyIsToldAndOneThatCrashedBeforeByItsCrash() {
        var waits =
                new ContainerStatusBuilder(waiting("telepath-agent", "PostStartHookError", "no such file /telepath"));
        assertThat(of(with(waits.build())))
                .hasValueSatisfying(text -> assertThat(text).contains("did not get ready", "no such file /telepath"));
        var crashed = waits.withNewLastState()
                .withNewTerminated()
                .withExitCode(2)
                .withMessage("wrong setting")
                .endTerminated()
                .endLastState();
        assertThat(of(with(crashed.build())))
                .hasValueSatisfying(text -> assertThat(text).contains("exit code 2", "wrong setting"));
    }

    @Test
    void anAgentThatEndsWithoutErrorAgainAndAgainIsToldWithItsImage() {
        var ended = new ContainerStatusBuilder(waiting("telepath-agent", "CrashLoopBackOff", "back-off"))
                .withNewLastState()
                .withNewTerminated()
                .withExitCode(0)
                .endTerminated()
                .endLastState();
        assertThat(of(with(ended.build())))
                .hasValueSatisfying(text -> assertThat(text).contains("telepath-agent", "agent:9"));
        assertThat(of(with(ended.withName("app").build()))).isEmpty();
    }

    @Test
    void aPodThatNoNodeTakesIsTold() {
        Pod pod = pod("telepath-agent")
                .editStatus()
                .addNewCondition()
                .withType("PodScheduled")
                .withStatus("False")
                .withReason("Unschedulable")
                .withMessage("0/1 nodes are available: insufficient memory")
                .endCondition()
                .endStatus()
                .build();
        assertThat(of(pod)).hasValueSatisfying(text -> assertThat(text).contains("insufficient memory"));
    }

    @ParameterizedTest
    @CsvSource({
        "'pods \"web-1\" is forbidden: exceeded quota: small, requested: pods=1',quota",
        "'pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\"',pod security",
        "'Internal error: failed calling webhook \"x.y\": refused',webhook",
        "'serviceaccount \"x\" not found',cannot be made"
    })
    void aPodThatMayNotBeMadeIsToldWithTheReason(String message, String cause) {
        assertThat(of(refused(message)))
                .hasValueSatisfying(text -> assertThat(text).contains(cause, message));
        assertThat(diagnosis.cause(List.of(), List.of(), Optional.of(message)))
                .hasValueSatisfying(text -> assertThat(text).contains(cause));
    }
}
