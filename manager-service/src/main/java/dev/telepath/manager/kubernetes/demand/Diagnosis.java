package dev.telepath.manager.kubernetes.demand;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells from what the cluster says why new pods of a workload bring no agent. Pure. */
final class Diagnosis {
    private static final Set<String> PULL =
            Set.of("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable");
    private static final Set<String> START = Set.of(
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "StartError",
            "PreCreateHookError");
    /** The hook that waits for the agent failed: it ended before, which says more, or did not get ready. */
    private static final String HOOK = "PostStartHookError";

    private static final Set<String> VOLUME = Set.of("FailedMount", "FailedAttachVolume");

    private final String agent;
    private final String init;
    private final Supplier<String> notCalled;

    /**
     * @param agent name of the agent's container
     * @param init name of its init container
     * @param notCalled what to say of a pod that came up without the agent
     */
    Diagnosis(String agent, String init, Supplier<String> notCalled) {
        this.agent = agent;
        this.init = init;
        this.notCalled = notCalled;
    }

    /**
     * @param pods new ones
     * @param events warnings since the pods were asked for, of the workload, its pods and what makes them
     * @param workload what the workload itself says of its failure
     * @return the cause, for people; empty while all goes well
     */
    Optional<String> cause(List<Pod> pods, List<Event> events, Optional<String> workload) {
        for (Pod pod : pods) {
            Optional<String> found = ofPod(pod);
            if (found.isPresent()) {
                return found;
            }
        }
        for (Event event : events) {
            String message = event.getMessage() == null ? "" : event.getMessage();
            if ("FailedCreate".equals(event.getReason())) {
                return Optional.of(refused(message));
            }
            if (VOLUME.contains(String.valueOf(event.getReason())) && message.contains("not found")) {
                return Optional.of("a volume of the pod cannot be mounted: " + line(message));
            }
        }
        // What the workload says may be of before; with new pods there, it is.
        return pods.isEmpty() ? workload.map(Diagnosis::refused) : Optional.empty();
    }

    /** What pods are at, for people, where there was no time to see more. */
    String progress(List<Pod> pods) {
        if (pods.isEmpty()) {
            return "no new pod was made yet";
        }
        var texts = new ArrayList<String>();
        for (Pod pod : pods) {
            String state = statuses(pod).stream()
                    .filter(status -> !Boolean.TRUE.equals(status.getReady()))
                    .map(status -> "container " + status.getName() + " "
                            + (status.getState() != null && status.getState().getWaiting() != null
                                    ? status.getState().getWaiting().getReason()
                                    : "is not ready"))
                    .findFirst()
                    .orElse(String.valueOf(
                            pod.getStatus() == null ? "new" : pod.getStatus().getPhase()));
            texts.add("pod " + name(pod) + ": " + state);
        }
        return String.join("; ", texts.subList(0, Math.min(3, texts.size())));
    }

    private static String refused(String message) {
        String text = line(message);
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.contains("exceeded quota") || lower.contains("failed quota")) {
            return "a quota of the namespace forbids the pod with its agent: " + text
                    + "; raise it, or set telepath.manager.agents.* resources";
        }
        if (lower.contains("podsecurity")) {
            return "the namespace's pod security level forbids the pod: " + text;
        }
        if (lower.contains("failed calling webhook") || lower.contains("denied the request")) {
            return "an admission webhook refused the pod: " + text;
        }
        return "the pod cannot be made: " + text;
    }

    private Optional<String> ofPod(Pod pod) {
        boolean injected = pod.getSpec().getContainers().stream()
                .anyMatch(container -> container.getName().equals(agent));
        if (!injected) {
            return Optional.of("pod " + name(pod) + " came up without an agent: " + notCalled.get());
        }
        if (pod.getStatus() == null) {
            return Optional.empty();
        }
        for (PodCondition condition : pod.getStatus().getConditions()) {
            if ("PodScheduled".equals(condition.getType()) && "Unschedulable".equals(condition.getReason())) {
                return Optional.of("no node takes pod " + name(pod) + ": " + line(condition.getMessage()));
            }
        }
        return statuses(pod).stream()
                .flatMap(status -> ofContainer(pod, status).stream())
                .findFirst();
    }

    private static List<ContainerStatus> statuses(Pod pod) {
        var all = new ArrayList<ContainerStatus>();
        if (pod.getStatus() != null) {
            all.addAll(pod.getStatus().getInitContainerStatuses());
            all.addAll(pod.getStatus().getContainerStatuses());
        }
        return all;
    }

    private Optional<String> ofContainer(Pod pod, ContainerStatus status) {
        String which = "container " + status.getName() + " of pod " + name(pod);
        var state = status.getState();
        if (state != null && state.getWaiting() != null) {
            String reason = String.valueOf(state.getWaiting().getReason());
            String message = line(state.getWaiting().getMessage());
            if (PULL.contains(reason)) {
                return Optional.of("image " + status.getImage() + " of " + which + " cannot be pulled (" + reason
                        + "): " + message);
            }
            if (reason.equals(HOOK) && ended(status) == null) {
                return Optional.of(which + " was started, but did not get ready (" + reason + "): " + message);
            }
            if (START.contains(reason)) {
                return Optional.of(which + " cannot be started (" + reason + "): " + message);
            }
        }
        boolean ours = status.getName().equals(agent) || status.getName().equals(init);
        var last = ended(status);
        boolean looping = state != null
                && state.getWaiting() != null
                && "CrashLoopBackOff".equals(state.getWaiting().getReason());
        if (last != null && (last.getExitCode() == null || last.getExitCode() != 0) && (ours || looping)) {
            return Optional.of(which + " crashes: exit code " + last.getExitCode() + " (" + last.getReason() + ") "
                    + line(last.getMessage()));
        }
        if (looping && status.getName().equals(agent)) {
            return Optional.of(which + " ends as soon as it was started, without an error; is image "
                    + status.getImage() + " that of telepath-agent?");
        }
        return Optional.empty();
    }

    /** How it ended, if it did: now, or before it was started again. */
    private static @Nullable ContainerStateTerminated ended(ContainerStatus status) {
        if (status.getState() != null && status.getState().getTerminated() != null) {
            return status.getState().getTerminated();
        }
        return status.getLastState() == null ? null : status.getLastState().getTerminated();
    }

    private static String name(Pod pod) {
        return pod.getMetadata().getName();
    }

    private static String line(@Nullable String message) {
        String text = message == null ? "" : message.replaceAll("\\s+", " ").strip();
        return text.length() > 600 ? text.substring(text.length() - 600) : text;
    }
}
