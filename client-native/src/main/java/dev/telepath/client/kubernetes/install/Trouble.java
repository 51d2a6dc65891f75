package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Why the manager's pods do not come, as far as the cluster tells. Pure.
 *
 * @param cause for people, without an end of sentence
 * @param hint what helps
 * @param crashed pod whose last lines say more; empty = none
 */
record Trouble(String cause, String hint, String crashed) {
    private static final Set<String> PULL =
            Set.of("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable");
    private static final Set<String> START = Set.of(
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "StartError",
            "PreCreateHookError");
    private static final Set<String> VOLUME = Set.of("FailedMount", "FailedAttachVolume");

    /**
     * @param pods of the wanted revision
     * @param events warnings since the objects were applied, of the StatefulSet and these pods
     * @return what will not mend itself; empty while there is none
     */
    static Optional<Trouble> of(List<JsonNode> pods, List<JsonNode> events) {
        return Stream.concat(
                        pods.stream().flatMap(Trouble::ofPod),
                        events.stream().flatMap(event -> ofEvent(event, pods.isEmpty())))
                .findFirst();
    }

    private static Stream<Trouble> ofPod(JsonNode pod) {
        String name = pod.path("metadata").path("name").asText();
        return StreamSupport.stream(pod.path("status").path("containerStatuses").spliterator(), false)
                .flatMap(status -> ofContainer(name, status));
    }

    private static Stream<Trouble> ofContainer(String pod, JsonNode status) {
        JsonNode waiting = status.path("state").path("waiting");
        String reason = waiting.path("reason").asText();
        String message = line(waiting.path("message").asText());
        if (PULL.contains(reason)) {
            return Stream.of(new Trouble(
                    "the image " + status.path("image").asText() + " cannot be had: "
                            + (message.isEmpty() ? reason : message),
                    "check image.registry, image.name and image.tag, and image.imagePullSecrets for a closed registry",
                    ""));
        }
        if (START.contains(reason)) {
            return Stream.of(new Trouble(
                    "the container of pod " + pod + " cannot be started: " + reason + ": " + message,
                    "kubectl describe pod " + pod + " says more",
                    ""));
        }
        JsonNode ended = status.path("lastState").path("terminated");
        if (reason.equals("CrashLoopBackOff")) {
            boolean memory = ended.path("reason").asText().equals("OOMKilled");
            return Stream.of(new Trouble(
                    "the manager in pod " + pod + " ends again and again, "
                            + (memory
                                    ? "for want of memory"
                                    : "last with exit code "
                                            + ended.path("exitCode").asInt()),
                    memory ? "raise resources.limits.memory" : "its last lines say why",
                    pod));
        }
        return Stream.empty();
    }

    /** Whether it tells of a volume: where something else makes what is in it, that mends itself. */
    static boolean ofVolume(JsonNode event) {
        return VOLUME.contains(event.path("reason").asText());
    }

    private static Stream<Trouble> ofEvent(JsonNode event, boolean none) {
        String reason = event.path("reason").asText();
        String message = line(event.path("message").asText());
        // With a pod there it was refused once, and is not any more.
        if (reason.equals("FailedCreate") && none) {
            return Stream.of(refused(message));
        }
        if (VOLUME.contains(reason)
                && message.contains("not found")
                && !message.contains("telepath-manager\" not found")) {
            return Stream.of(new Trouble(
                    "a volume of the manager cannot be mounted: " + message,
                    "with certificates.method supplied the Secret has to be there before",
                    ""));
        }
        return Stream.empty();
    }

    private static Trouble refused(String message) {
        String lower = message.toLowerCase(Locale.ROOT);
        if (lower.contains("exceeded quota") || lower.contains("failed quota")) {
            return new Trouble(
                    "a quota of the namespace forbids the manager's pod: " + message,
                    "raise the quota, or set resources.requests and resources.limits",
                    "");
        }
        if (lower.contains("podsecurity")) {
            return new Trouble(
                    "the pod security level of the namespace forbids the manager's pod: " + message,
                    "without hostNetwork and changed security contexts it is fit for the restricted level",
                    "");
        }
        if (lower.contains("failed calling webhook") || lower.contains("denied the request")) {
            return new Trouble(
                    "an admission webhook refuses the manager's pod: " + message, "ask whoever runs that webhook", "");
        }
        return new Trouble("the manager's pod cannot be made: " + message, "kubectl get events says more", "");
    }

    /** What the pods are at, for people, where nothing is known to be wrong. */
    static String progress(List<JsonNode> pods) {
        if (pods.isEmpty()) {
            return "no pod was made yet";
        }
        JsonNode pod = pods.getFirst();
        String name = "pod " + pod.path("metadata").path("name").asText();
        for (JsonNode condition : pod.path("status").path("conditions")) {
            if (condition.path("type").asText().equals("PodScheduled")
                    && condition.path("reason").asText().equals("Unschedulable")) {
                return "no node takes " + name + ": "
                        + line(condition.path("message").asText());
            }
        }
        JsonNode status = pod.path("status").path("containerStatuses").path(0);
        JsonNode ended = status.path("lastState").path("terminated");
        if (ended.isObject()) {
            return name + " was started again, after exit code "
                    + ended.path("exitCode").asInt();
        }
        String waiting = status.path("state").path("waiting").path("reason").asText();
        return status.path("state").path("running").isObject()
                ? name + " runs and is not ready"
                : name + " "
                        + (waiting.isEmpty() ? pod.path("status").path("phase").asText() : waiting);
    }

    static String line(String text) {
        String joined = String.join(" ", text.strip().lines().map(String::strip).toList());
        return joined.length() > 400 ? joined.substring(0, 400) + "…" : joined;
    }
}
