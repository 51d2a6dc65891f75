package dev.telepath.manager.kubernetes.injection;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What annotations of a pod say about its agent. Those of Telepresence are understood beside ours.
 *
 * @param service only ports of this Service; empty for all
 * @param servicePorts only these ports of Services, names or numbers; empty for all
 * @param containerPorts these ports of containers too, names or numbers, whether a Service leads to them or not
 * @param ignoredVolumes names of volumes that are not lent
 * @param noVolumes whether none is lent
 * @param policies how others are lent
 * @param api whether the agent serves clients that come straight to it; empty where nothing is said
 * @param mistakes in the annotations, for the user
 */
record Wish(
        Decision decision,
        Optional<String> service,
        Set<String> servicePorts,
        Set<String> containerPorts,
        Set<String> ignoredVolumes,
        boolean noVolumes,
        MountPolicies policies,
        Optional<Boolean> api,
        List<String> mistakes) {
    private static final String OURS = "telepath.dev/";
    private static final String[] THEIRS = {"telepresence.io/", "telepresence.getambassador.io/"};

    /** Whether an agent is wanted. */
    enum Decision {
        ENABLED,
        DISABLED,
        /** Only on demand. */
        OPEN
    }

    static Wish of(ObjectMeta pod) {
        Map<String, String> annotations = pod.getAnnotations() == null ? Map.of() : pod.getAnnotations();
        String ignored = find(annotations, "ignore-volume-mounts", "inject-ignore-volume-mounts")
                .orElse("");
        var mistakes = new ArrayList<String>();
        return new Wish(
                switch (find(annotations, "inject", "inject-traffic-agent").orElse("")) {
                    case "enabled", "true" -> Decision.ENABLED;
                    case "disabled", "false" -> Decision.DISABLED;
                    default -> Decision.OPEN;
                },
                find(annotations, "service-name", "inject-service-name").filter(name -> !name.isBlank()),
                list(find(annotations, "service-ports", "inject-service-ports")),
                list(find(annotations, "container-ports", "inject-container-ports")),
                // Telepresence takes a list of JSON too.
                list(Optional.of(ignored.replaceAll("[\\[\\]\"]", ""))),
                ignored.equals("enabled") || ignored.equals("true"),
                policies(find(annotations, "mount-policies", "mount-policies"), mistakes),
                Optional.ofNullable(annotations.get(OURS + "agent-api"))
                        .map(value -> value.strip().equals("true")),
                mistakes);
    }

    private static MountPolicies policies(Optional<String> text, List<String> mistakes) {
        try {
            return text.map(MountPolicies::parse).orElse(MountPolicies.NONE);
        } catch (IllegalArgumentException e) {
            mistakes.add("annotation mount-policies is not followed: " + e.getMessage());
            return MountPolicies.NONE;
        }
    }

    /** Whether clients of Telepresence, which prove nothing, may read the files that are lent. */
    static boolean opensFiles(ObjectMeta pod) {
        Map<String, String> annotations = pod.getAnnotations() == null ? Map.of() : pod.getAnnotations();
        return "true".equals(annotations.get(OURS + "sftp-open"));
    }

    private static Optional<String> find(Map<String, String> annotations, String ours, String theirs) {
        String own = annotations.get(OURS + ours);
        if (own != null) {
            return Optional.of(own.strip());
        }
        return Arrays.stream(THEIRS)
                .map(prefix -> annotations.get(prefix + theirs))
                .filter(value -> value != null)
                .map(String::strip)
                .findFirst();
    }

    private static Set<String> list(Optional<String> text) {
        var names = new LinkedHashSet<String>();
        for (String one : text.orElse("").split(",", -1)) {
            if (!one.isBlank()) {
                names.add(one.strip());
            }
        }
        return names;
    }
}
