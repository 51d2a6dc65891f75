package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;

/** What becomes of a pod. */
public sealed interface Verdict {
    /** It goes in as it is; the text says why. */
    record Leave(String why) implements Verdict {}

    /**
     * It goes in with an agent.
     *
     * @param warnings for the person who made the pod
     */
    record Inject(Pod pod, List<String> warnings) implements Verdict {}
}
